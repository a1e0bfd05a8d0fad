/** `inspect` of ten thousand shards looks at ten, and at those that are here when most are not. */
import { writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { printRow, printSummary } from '../../../cli/shards/print.ts';
import type { Manifest, ShardEntry } from '../../../schemas/dataset.ts';
import { openDataset } from '../../../shards/dataset/dataset.ts';
import { writeManifest } from '../../../shards/dataset/manifest.ts';
import { inspect, inspectRow, writeInspectPage } from '../../../shards/inspect/run.ts';
import { makePictureDataset, somePictures } from '../../helpers/pictures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SHARDS = 10_000;
const REAL = 10;

/** Ten shards of pictures among thousands that the manifest only names. */
async function thousands(t: ExecutionContext): Promise<{ dir: string; others: ShardEntry[] }> {
  const dir = await temporaryFolder(t);
  const pictures = await somePictures(REAL * 4, 16);
  const { shards, documents, ...manifest } = await makePictureDataset(dir, pictures, {
    seqLen: 64,
  });
  const real = shards.slice(0, REAL);
  t.is(real.length, REAL);
  const others: ShardEntry[] = [];
  const all = Array.from({ length: SHARDS }, (_, i): ShardEntry => {
    // Where a page that is to look at ten, evenly spaced, has to look.
    if (i % (SHARDS / REAL) === 0) return real[i / (SHARDS / REAL)];
    const entry = {
      ...real[0],
      file: `shards/other-${i}.parquet`,
      firstDoc: i + 100,
      lastDoc: i + 100,
    };
    others.push(entry);
    return entry;
  });
  const large: Manifest = {
    ...manifest,
    shards: all,
    documents: Array.from({ length: SHARDS }, (_, i) => {
      return i === 0 ? documents[0] : { ...documents[0], file: `documents/other-${i}.parquet` };
    }),
  };
  await writeManifest(dir, large);
  return { dir, others };
}

async function pageOf(t: ExecutionContext, dir: string): Promise<string> {
  const html = join(dir, 'page.html');
  const began = performance.now();
  await writeInspectPage(dir, html);
  const text = printSummary(await inspect(dir));
  t.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
  t.regex(text, /… 9,980 more/);
  return readFile(html, 'utf8');
}

test('ten of ten thousand shards are read, the rest is only named', async (t) => {
  const { dir, others } = await thousands(t);
  // Whoever reads one of these fails.
  for (const { file } of others) writeFileSync(join(dir, file), 'no shard');
  const page = await pageOf(t, dir);
  t.regex(page, /evenly spaced over 10 of 10,000 shards\./);
  t.true((page.match(/<img /g)?.length ?? 0) > 20);
});

test('ten shards that were copied of ten thousand can be looked at', async (t) => {
  const { dir } = await thousands(t);
  const page = await pageOf(t, dir);
  t.regex(page, /over 10 of 10,000 shards; 9,990 shards are missing\./);
  t.true((page.match(/<img /g)?.length ?? 0) > 20);
  const text = printRow(await inspectRow(dir, 0));
  t.regex(text, /^row 0 of shards\/part-00000\.parquet/);
  const dataset = await openDataset(dir);
  t.teardown(() => dataset.close());
  await t.throwsAsync(
    async () => {
      for await (const _ of dataset.loader({ microBatch: 1, epochs: 1 }));
    },
    { code: 'DATASET_INVALID', message: /is listed in the manifest but missing/ },
  );
});

test('a page without one file of documents/ or shards/ still says what there is', async (t) => {
  const dir = await temporaryFolder(t);
  const manifest = await makePictureDataset(dir, await somePictures(4, 16), { seqLen: 64 });
  const bare = await temporaryFolder(t);
  await mkdir(join(bare, 'shards'));
  for (const name of ['dataset.json', 'tokenizer.json', 'special_tokens_map.json']) {
    await writeFile(join(bare, name), await readFile(join(dir, name)));
  }
  await writeInspectPage(bare, join(bare, 'page.html'));
  const page = await readFile(join(bare, 'page.html'), 'utf8');
  t.regex(page, /No file of documents\/ exists here/);
  t.true(page.includes(basename(manifest.shards[0].file)));
});
