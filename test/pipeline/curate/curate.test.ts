import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { runPipeline } from '../../../pipeline/index.ts';
import { readDocuments } from '../../../shards/dataset/documents.ts';
import { verify } from '../../../shards/index.ts';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';

const CURATED = [
  ...SMALL,
  ...['--min-side', '20', '--max-aspect', '3', '--min-bytes', '100'],
  ...['--near-duplicates', '5', '--val-fraction', '0.2'],
];

/** The files that are to be left out, and why. */
const REASONS: Record<string, string> = {
  'small.png': 'small-side',
  'long.png': 'long-side',
  'tiny-file.jpg': 'few-bytes',
};

let work: string;
let corpus: string;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 60);
  const picture = await readFile(join(corpus, 'image-0.jpg'));
  await sharp(picture).resize(60, 19, { fit: 'fill' }).png().toFile(join(corpus, 'small.png'));
  await sharp(picture).resize(100, 30, { fit: 'fill' }).png().toFile(join(corpus, 'long.png'));
  await writeFile(join(corpus, 'tiny-file.jpg'), picture.subarray(0, 90));
  await writeFile(join(corpus, 'broken.jpg'), picture.subarray(0, 400));
  await copyFile(join(corpus, 'image-2.jpg'), join(corpus, 'sub', 'copy.jpg'));
  // The same picture in other bytes: larger, and compressed again.
  await sharp(join(corpus, 'image-4.jpg'))
    .resize(96, 80)
    .jpeg({ quality: 70 })
    .toFile(join(corpus, 'again.jpg'));
});
test.after.always(() => removeFolder(work));

interface Line {
  input: number;
  source: string;
  reason: string;
  of?: number;
}

async function filteredOf(out: string): Promise<Line[]> {
  const folder = join(out, 'filtered');
  const texts = await Promise.all(
    (await readdir(folder)).sort().map((name) => readFile(join(folder, name), 'utf8')),
  );
  return texts
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

test.serial('inputs are left out by size, shape and likeness, and counted apart', async (t) => {
  const out = join(work, 'curated');
  const done = await pipeline(['run', 'images', corpus, '--out', out, ...CURATED, '--json']);
  t.is(done.exitCode, 3, String(done.stderr));
  const lines = await filteredOf(out);
  const found = Object.fromEntries(lines.map((line) => [line.source.split('/').at(-1), line]));
  for (const [name, reason] of Object.entries(REASONS)) t.is(found[name]?.reason, reason, name);
  // The plan's first of two that are equal, or look so, stays: which it is, the seed says.
  const pairOf = (...names: string[]) =>
    lines.find(({ source }) => names.includes(source.split('/').at(-1)!));
  t.is(pairOf('image-2.jpg', 'copy.jpg')?.reason, 'duplicate');
  t.is(pairOf('image-4.jpg', 'again.jpg')?.reason, 'near-duplicate');
  t.is(lines.length, 5);
  for (const { input, of } of lines) if (of !== undefined) t.true(of < input);

  const totals = JSON.parse(String(done.stdout).split('\n').at(-1)!);
  t.like(totals, { event: 'done', inputs: 66, documents: 60, failures: 1 });
  t.deepEqual(totals.filteredByReason, {
    duplicate: 1,
    'few-bytes': 1,
    'long-side': 1,
    'near-duplicate': 1,
    'small-side': 1,
  });
  t.deepEqual((await verify(out)).problems, []);
  const status = await pipeline(['status', out]);
  t.regex(String(status.stdout), /left out +duplicate 1, few-bytes 1, long-side 1/);
  t.regex(await readFile(join(out, 'README.md'), 'utf8'), /left out: 1 duplicate, 1 few-bytes/);
  t.false((await readdir(out)).includes('curation'), 'the measures are gone when all is decided');
});

test.serial('the same documents as a corpus without those files, in the same order', async (t) => {
  const [curated, plain] = await Promise.all(
    ['curated', 'plain'].map(async (name) => {
      const out = join(work, name);
      if (name === 'plain') {
        const left = new Set((await filteredOf(join(work, 'curated'))).map(({ source }) => source));
        const clean = join(work, 'clean.txt');
        const files = (await readdir(corpus, { recursive: true })).filter((file) =>
          /\.\w+$/.test(file),
        );
        const kept = files.map((file) => join(corpus, file)).filter((file) => !left.has(file));
        await writeFile(clean, `${kept.join('\n')}\n`);
        const options = [...SMALL, '--val-fraction', '0.2'];
        await pipeline(['run', 'images', `@${clean}`, '--out', out, ...options]);
      }
      const sources: string[] = [];
      for (const name of await readdir(join(out, 'documents'))) {
        for await (const { source } of readDocuments(join(out, 'documents', name))) {
          sources.push(source);
        }
      }
      return sources.sort();
    }),
  );
  t.is(curated.length, 60);
  t.deepEqual(curated, plain);
});

test.serial(
  'stopped while it measures, and by other numbers of workers: the same bytes',
  async (t) => {
    const expected = await hashesOf(join(work, 'curated'));
    for (const workers of ['1', '2', '4']) {
      const out = join(work, `workers-${workers}`);
      const args = ['run', 'images', corpus, '--out', out, ...CURATED, '--workers', workers];
      const killed = pipeline(args);
      const folder = join(out, 'curation');
      const surveyed = async () =>
        (await readdir(folder).catch(() => [])).some((name) => name.endsWith('.json'));
      for (let i = 0; i < 2000 && !(await surveyed()); i++)
        await new Promise((go) => setTimeout(go, 2));
      killed.kill('SIGKILL');
      await killed;
      const again = await pipeline(args);
      t.is(again.exitCode, 3, String(again.stderr));
      t.deepEqual(await hashesOf(out), expected, `${workers} workers`);
      t.deepEqual(await filteredOf(out), await filteredOf(join(work, 'curated')));
    }
  },
);

test.serial('ranks need the decisions of the plan, and give the same bytes', async (t) => {
  const out = join(work, 'ranks');
  const args = ['images', corpus, '--out', out, ...CURATED];
  const rank = (r: number) => pipeline(['run', ...args, '--rank', String(r), '--world-size', '2']);
  t.regex(String((await rank(0)).stderr), /is not planned yet/);
  t.is((await pipeline(['plan', ...args])).exitCode, 0);
  await Promise.all([rank(0), rank(1)]);
  await pipeline(['finalize', out]);
  t.deepEqual(await hashesOf(out), await hashesOf(join(work, 'curated')));
});

test.serial('--dry-run shows what would be left out of its sample', async (t) => {
  const out = join(work, 'dry');
  const done = await pipeline(['run', 'images', corpus, '--out', out, ...CURATED, '--dry-run']);
  t.is(done.exitCode, 0, String(done.stderr));
  t.regex(
    String(done.stdout),
    /left out +duplicate 1, few-bytes 1, long-side 1, near-duplicate 1, small-side 1/,
  );
});

test.serial(
  'a dataset of other filters, a changed list and a codec that measures nothing',
  async (t) => {
    const out = join(work, 'curated');
    const other = await pipeline([
      'run',
      'images',
      corpus,
      '--out',
      out,
      ...CURATED,
      '--min-side',
      '21',
    ]);
    t.regex(String(other.stderr), /curation\.minSide: 20 there, 21 now.*\[DATASET_MISMATCH\]/);
    const changed = join(work, 'workers-1');
    const list = join(changed, 'filtered', 'part-00000.jsonl');
    const some = (await readdir(join(changed, 'filtered'))).sort()[0];
    await writeFile(list.replace('part-00000.jsonl', some), '');
    const { problems } = await verify(changed);
    t.true(problems.some(({ problem }) => /is not the list of the plan/.test(problem)));

    const videos = join(work, 'videos');
    await t.throwsAsync(
      runPipeline({ sources: [corpus], out: videos, codec: 'avc', minSide: 10 } as never),
      { code: 'USAGE', message: /documents of AVC are not measured/ },
    );
  },
);
