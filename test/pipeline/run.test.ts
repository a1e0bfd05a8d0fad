import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { DocumentRow } from '../../schemas/dataset.ts';
import { readDocuments } from '../../shards/dataset/documents.ts';
import { readManifest } from '../../shards/dataset/manifest.ts';
import { openShard } from '../../shards/parquet/reader.ts';
import { readTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { createJpegCodec } from '../../tokenizer/codecs/jpeg/encode.ts';
import {
  addBadFiles,
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../helpers/pipeline-runs.ts';

let work: string;
test.before(async () => {
  work = await workFolder();
  await makeCorpus(join(work, 'good'), 60);
  await makeCorpus(join(work, 'mixed'), 190);
});
test.after.always(() => removeFolder(work));

/** Every token of the dataset, shard by shard in the order of the manifest, by document. */
async function tokensByDocument(dataset: string): Promise<Map<number, number[]>> {
  const documents = new Map<number, number[]>();
  for (const { file } of (await readManifest(dataset)).shards) {
    const shard = await openShard(join(dataset, file));
    for (const { ids, docIds, docStarts } of await shard.readRows(0, shard.rowCount)) {
      docIds.forEach((docId, i) => {
        const tokens = documents.get(docId) ?? [];
        documents.set(docId, tokens);
        tokens.push(...ids.subarray(docStarts[i], docStarts[i + 1]));
      });
    }
    await shard.close();
  }
  return documents;
}

/** The names of a folder's files in the frozen lists, in plan order. */
async function plannedInputs(
  dataset: string,
  corpus: string,
): Promise<{ input: number; source: string }[]> {
  const names = (await readdir(join(dataset, 'plan'))).sort();
  const texts = await Promise.all(
    names.map((name) => readFile(join(dataset, 'plan', name), 'utf8')),
  );
  return texts.flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [input, , path] = line.split('\t');
        return { input: Number(input), source: join(corpus, path) };
      }),
  );
}

/** Every row under documents/, in the order of the manifest's files. */
async function documentRows(dataset: string): Promise<DocumentRow[]> {
  const rows: DocumentRow[] = [];
  for (const { file } of (await readManifest(dataset)).documents) {
    for await (const row of readDocuments(join(dataset, file))) rows.push(row);
  }
  return rows.sort((a, b) => a.docId - b.docId);
}

test('the shards hold the canonical bytes of every input', async (t) => {
  const dataset = join(work, 'round-trip');
  const result = await pipeline(['run', 'images', join(work, 'good'), '--out', dataset, ...SMALL]);
  t.is(result.exitCode, 0, String(result.stderr));
  const bpe = await readTokenizer(dataset);
  const codec = createJpegCodec({ width: 32, height: 32, quality: 25 });
  const tokens = await tokensByDocument(dataset);
  const manifest = await readManifest(dataset);
  let seen = 0;
  for (const { file } of manifest.documents) {
    for await (const { docId, source, bytes } of readDocuments(join(dataset, file))) {
      const expected = await codec.encode(await readFile(source), source);
      const ids = tokens.get(docId)!;
      t.is(ids[0], bpe.bosId);
      t.deepEqual(bpe.decode(ids, { specials: 'skip' }), new Uint8Array(expected.symbols));
      t.is(bytes, expected.symbols.length);
      seen++;
    }
  }
  t.is(seen, 60);
  t.is(manifest.totals.documents, 60);
  t.deepEqual(
    [...tokens.keys()].sort((a, b) => a - b),
    Array.from({ length: 60 }, (_, i) => i),
  );
  const rest = [...tokens.values()].flat().filter((id) => id === bpe.padId).length;
  t.is(rest, manifest.totals.padding);
  t.true(rest < 256, 'only the very last sequence is padded');
});

test('5 % bad files of ten kinds: exactly the good ones, in order, and a code for each bad one', async (t) => {
  const corpus = join(work, 'mixed');
  const codes = await addBadFiles(corpus);
  const dataset = join(work, 'failures');
  const args = ['run', 'images', corpus, ...SMALL, '--json'];
  const result = await pipeline([...args, '--out', dataset]);
  t.is(result.exitCode, 3, String(result.stderr));
  const found: Record<string, string> = {};
  const failed = new Set<number>();
  for (const name of await readdir(join(dataset, 'failures'))) {
    const text = await readFile(join(dataset, 'failures', name), 'utf8');
    for (const line of text.trim().split('\n')) {
      const { source, code, input } = JSON.parse(line);
      found[source.split('/').at(-1)] = code;
      failed.add(input);
    }
  }
  t.deepEqual(found, codes);
  const events = String(result.stdout)
    .split('\n')
    .map((line) => JSON.parse(line));
  t.is(events.filter(({ event }) => event === 'failure').length, 10);
  t.like(events.at(-1), { event: 'done', documents: 190, failures: 10, inputs: 200 });
  t.regex(String(result.stderr), /10 inputs failed/);

  const good = (await plannedInputs(dataset, corpus)).filter(({ input }) => !failed.has(input));
  t.is(good.length, 190);
  t.deepEqual(
    (await documentRows(dataset)).map(({ docId, source }) => ({ input: docId, source })),
    good,
  );
  const bpe = await readTokenizer(dataset);
  const codec = createJpegCodec({ width: 32, height: 32, quality: 25 });
  const tokens = await tokensByDocument(dataset);
  t.is(tokens.size, 190);
  for (const { input, source } of good) {
    const { symbols: bytes } = await codec.encode(await readFile(source), source);
    t.deepEqual(bpe.decode(tokens.get(input)!, { specials: 'skip' }), new Uint8Array(bytes));
  }

  const strict = join(work, 'strict');
  const tooMany = await pipeline([...args, '--out', strict, '--max-failures', '2%']);
  t.is(tooMany.exitCode, 1);
  t.regex(String(tooMany.stderr), /more than --max-failures 2%.*\[TOO_MANY_FAILURES\]/);
  t.false((await readdir(strict)).includes('dataset.json'));
});

test('the same command on a complete dataset does nothing, quickly', async (t) => {
  const dataset = join(work, 'again');
  const args = ['run', 'images', join(work, 'good'), '--out', dataset, ...SMALL];
  t.is((await pipeline(args)).exitCode, 0);
  const before = await hashesOf(dataset);
  const again = await pipeline(args);
  t.is(again.exitCode, 0);
  t.regex(String(again.stderr), /complete already: 60 documents/);
  t.deepEqual(await hashesOf(dataset), before);
});

test('other options for a dataset that is there are refused, and show what differs', async (t) => {
  const dataset = join(work, 'mine');
  const source = join(work, 'good');
  t.is((await pipeline(['run', 'images', source, '--out', dataset, ...SMALL])).exitCode, 0);
  const before = await hashesOf(dataset);
  const other = await pipeline([
    'run',
    'images',
    source,
    '--out',
    dataset,
    ...SMALL,
    '--seed',
    '7',
  ]);
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /seed: 0 there, 7 now.*\[DATASET_MISMATCH\]/);
  t.deepEqual(await hashesOf(dataset), before);
});

test('wrong use is one line, exit 2, and nothing is made or lost', async (t) => {
  const good = join(work, 'good');
  const empty = join(work, 'empty');
  const other = join(work, 'other');
  const file = join(work, 'file.txt');
  await mkdir(empty, { recursive: true });
  await mkdir(other, { recursive: true });
  await writeFile(join(other, 'thesis.txt'), 'years of work');
  await writeFile(file, 'a file');
  const out = join(work, 'never');
  const cases: [args: string[], message: RegExp][] = [
    [[join(work, 'nope'), '--out', out], /nope: no such file or folder \[INPUT_NOT_FOUND\]/],
    [[empty, '--out', out], /no images in .*: no files \[INPUT_EMPTY\]/],
    [[good, '--out', out, '--sise', '3'], /unknown option '--sise'/],
    [[good, '--out', out, '--size', 'big'], /--size: must be pixels.*received "big".*\[USAGE\]/],
    [[good, '--out', file], /is a file, not a folder \[OUTPUT_UNWRITABLE\]/],
    [[good, '--out', join(file, 'below')], /no folder can be made there.*\[OUTPUT_UNWRITABLE\]/],
    [[good, '--out', '/proc/nowhere'], /\[OUTPUT_UNWRITABLE\]/],
    [[good, '--out', other], /holds other files \(thesis.txt\).*\[OUTPUT_IN_USE\]/],
    [[good], /--out is required: Dataset directory/],
    [[good, '--out', out, '--merges', '5', '--vocab-size', '300'], /disagree.*\[USAGE\]/],
    [[good, '--out', out, '--rank', '2', '--world-size', '2'], /rank 2 of 2.*\[USAGE\]/],
    [
      [good, '--out', out, '--rank', '0', '--world-size', '2'],
      /pipeline plan.*\[DATASET_INCOMPLETE\]/,
    ],
    [[`@${join(work, 'no-list.txt')}`, '--out', out], /no-list.txt.*\[INPUT_NOT_FOUND\]/],
  ];
  for (const [args, message] of cases) {
    const result = await pipeline(['run', 'images', ...args]);
    t.is(result.exitCode, 2, `${args.join(' ')}\n${result.stderr}`);
    t.regex(String(result.stderr), message);
  }
  t.false((await readdir(work)).includes('never'));
  t.deepEqual(await readdir(other), ['thesis.txt']);
  t.is(await readFile(join(other, 'thesis.txt'), 'utf8'), 'years of work');
});

test('the number of workers does not change a byte', async (t) => {
  const one = join(work, 'one');
  const four = join(work, 'four');
  const run = (out: string, workers: string) =>
    pipeline([
      'run',
      'images',
      join(work, 'good'),
      '--out',
      out,
      ...SMALL,
      '--workers',
      workers,
      '--quiet',
    ]);
  const results = [await run(one, '1'), await run(four, '4')];
  t.deepEqual(
    results.map(({ exitCode, stderr }) => [exitCode, stderr]),
    [
      [0, ''],
      [0, ''],
    ],
  );
  t.deepEqual(await hashesOf(one), await hashesOf(four));
  await rm(one, { recursive: true });
});
