import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { makeCorpus, pipeline, removeFolder, SMALL, workFolder } from '../helpers/pipeline-runs.ts';

let work: string;
let corpus: string;
let out: string;

const run = (...options: string[]) =>
  pipeline(['run', 'images', corpus, '--out', out, ...SMALL, ...options]);

/** One partition is done, as after a stop: the rest is still to come. */
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  out = join(work, 'begun');
  await makeCorpus(corpus, 30);
  const planned = await pipeline(['plan', 'images', corpus, '--out', out, ...SMALL]);
  if (planned.exitCode !== 0) throw new Error(String(planned.stderr));
  const some = await run('--rank', '0', '--world-size', '3');
  if (some.exitCode !== 0) throw new Error(String(some.stderr));
});
test.after.always(() => removeFolder(work));

/** Changes a file of the dataset, and puts it back when `body` is done. */
async function withChanged(
  path: string,
  change: (text: string) => string,
  body: () => Promise<void>,
): Promise<void> {
  const text = await readFile(path, 'utf8');
  await writeFile(path, change(text));
  try {
    await body();
  } finally {
    await writeFile(path, text);
  }
}

test.serial('other options, sources and tokenizers: all that differs is shown', async (t) => {
  const more = join(work, 'more');
  await makeCorpus(more, 2);
  const other = await run(more, '--size', '48x32', '--quality', '30');
  t.is(other.exitCode, 2);
  t.regex(
    String(other.stderr),
    /codec\.settings\.width: 32 there, 48 now; codec\.settings\.quality: 25 there, 30 now; sources\.1: none there, .*more now.*\[DATASET_MISMATCH\]/,
  );
  const given = await run('--tokenizer', out, '--merges', '40');
  t.regex(String(given.stderr), /--tokenizer defines the merges.*\[USAGE\]/);
  const options = SMALL.filter((word, i) => word !== '--merges' && SMALL[i - 1] !== '--merges');
  const args = ['run', 'images', corpus, '--out', out, ...options, '--tokenizer', out];
  const tokenizer = await pipeline(args);
  t.is(tokenizer.exitCode, 2);
  t.regex(String(tokenizer.stderr), /tokenizer: null there, [0-9a-f]{64} now/);
});

test.serial('a tokenizer.json that was exchanged in the folder is refused', async (t) => {
  const other = join(work, 'other');
  const learn = ['--size', '32', '--seq-len', '256', '--partition-size', '10', '--merges', '20'];
  const learned = await pipeline(['plan', 'images', corpus, '--out', other, ...learn]);
  t.is(learned.exitCode, 0, String(learned.stderr));
  const path = join(out, 'tokenizer.json');
  await copyFile(path, join(work, 'first.json'));
  await copyFile(join(other, 'tokenizer.json'), path);
  const result = await run();
  await copyFile(join(work, 'first.json'), path);
  t.is(result.exitCode, 2, String(result.stderr));
  t.regex(
    String(result.stderr),
    /part-00000 was made with another tokenizer.*\[DATASET_MISMATCH\]/,
  );
});

test.serial('another encoder is refused, unless it is allowed', async (t) => {
  const change = (text: string) => text.replace(/"libvips": "[^"]*"/, '"libvips": "7.0"');
  await withChanged(join(out, 'plan.json'), change, async () => {
    const result = await run();
    t.is(result.exitCode, 2);
    t.regex(
      String(result.stderr),
      /codec\.versions\.libvips: 7\.0 there, \d+\.\d+\.\d+ now.*--allow-encoder-change/,
    );
  });
});

test.serial('a plan of another version of the format is refused as that', async (t) => {
  const change = (text: string) => text.replace('"planVersion": 3', '"planVersion": 2');
  await withChanged(join(out, 'plan.json'), change, async () => {
    const result = await run();
    t.is(result.exitCode, 2);
    t.regex(String(result.stderr), /has version 2 of the format.*writes 3.*\[DATASET_MISMATCH\]/);
  });
});

test.serial(
  'a list that is not the planned one is refused, by its hash or its length',
  async (t) => {
    const path = join(out, 'plan', 'part-00001.tsv');
    const renamed = (text: string) => text.replace(/image-(\d+)/, 'image-9$1');
    await withChanged(path, renamed, async () => {
      const result = await run();
      t.is(result.exitCode, 2);
      t.regex(
        String(result.stderr),
        /part-00001\.tsv is not the list that was planned: sha256 \w{64} in plan\.json, \w{64} now.*\[DATASET_MISMATCH\]/,
      );
    });
    const cut = (text: string) => text.slice(0, -20);
    await withChanged(path, cut, async () => {
      t.regex(String((await run()).stderr), /does not hold 10 inputs.*\[DATASET_INVALID\]/);
    });
    const done = await run();
    t.is(done.exitCode, 0, String(done.stderr));
  },
);

test.serial('a sentencepiece model is refused before anything is written', async (t) => {
  const model = join(import.meta.dirname, '../golden/import/prefix/model');
  const fresh = join(work, 'fresh');
  const args = ['run', 'images', corpus, '--out', fresh, '--size', '32', '--tokenizer', model];
  const done = await pipeline(args);
  t.is(done.exitCode, 2, String(done.stderr));
  t.regex(String(done.stderr), /is a sentencepiece model, but datasets keep a tokenizer\.json/);
  t.false(existsSync(fresh));
});
