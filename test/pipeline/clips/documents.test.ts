/** Several documents of a video, as a run makes them: ids, places, splits, archives, columns, damage. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { runPipeline } from '../../../pipeline/index.ts';
import { openDataset, readManifest } from '../../../shards/index.ts';
import { readTokenizer } from '../../../tokenizer/bpe/files/huggingface.ts';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import {
  BY_STRIDE,
  clipRows,
  fileNameOf,
  isGood,
  makeVideos,
  RECIPE,
  startsOf,
  VIDEOS,
} from '../../helpers/clips.ts';
import { hashesOf, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { ffmpeg, moving, scenes } from '../../helpers/videos.ts';

let work: string;
let corpus: string;
let whole: string;

test.before(async () => {
  work = await workFolder();
  corpus = await makeVideos(work);
  whole = join(work, 'whole');
  await runPipeline({ sources: corpus, out: whole, ...BY_STRIDE });
});
test.after.always(() => removeFolder(work));

test.serial(
  'each clip that a video has is a document, the others are counted by reason',
  async (t) => {
    const rows = await clipRows(whole);
    const manifest = await readManifest(whole);
    const wanted = Object.entries(VIDEOS).filter(([, { clips }]) => clips > 0);
    t.deepEqual(
      startsOf(rows),
      Object.fromEntries(
        // In the order of the plan.
        [...new Set(rows.map(({ source }) => fileNameOf(source)))].map((name) => [
          name,
          Array.from({ length: VIDEOS[name].clips }, (_, i) => 3 * i),
        ]),
      ),
    );
    t.is(new Set(rows.map(({ source }) => source)).size, wanted.length);
    const { totals } = manifest;
    t.is(totals.inputs, 16);
    t.is(totals.documents, 9);
    t.is(totals.failures, 0);
    t.deepEqual(totals.filteredByReason, { 'short-clip': 7 });
    t.deepEqual(manifest.config.clips, { perVideo: 4, stride: 3_000_000 });
    await isGood(t, whole);
  },
);

test.serial(
  'ids are those of the plan: four in a row for each video, in one partition',
  async (t) => {
    const rows = await clipRows(whole);
    for (const { docId, clipStart } of rows) t.is(docId % 4, clipStart! / 3);
    const lists = (await readdir(join(whole, 'plan'))).sort();
    t.is(lists.length, 4);
    for (const name of lists) {
      const lines = (await readFile(join(whole, 'plan', name), 'utf8')).trim().split('\n');
      t.deepEqual(
        lines.map((line) => line.split('\t').at(-1)),
        ['clip=0', 'clip=1', 'clip=2', 'clip=3'],
      );
      t.is(new Set(lines.map((line) => line.split('\t')[2])).size, 1);
    }
  },
);

test.serial('a document is the clip of its time', async (t) => {
  const codec = await createAvcCodec({ width: 48, height: 32, fps: 3, frames: 6 });
  const dataset = await openDataset(whole);
  const bpe = await readTokenizer(whole);
  const row = (await clipRows(whole)).find(({ clipStart }) => clipStart === 6)!;
  const size = (await readFile(row.source)).length;
  const file = { path: Buffer.from(row.source), offset: 0, size, isMember: false };
  const { symbols } = await codec.clips.encode(file, row.source, 6_000_000);
  const { ids } = await dataset.readDocument(row.docId);
  t.deepEqual(bpe.decode(ids.subarray(1, -1)), new Uint8Array(symbols));
  await dataset.close();
});

test.serial('one clip of each video: the shards of a run without clips', async (t) => {
  const [one, plain] = ['one', 'plain'].map((name) => join(work, name));
  await runPipeline({ sources: corpus, out: one, ...RECIPE, clipsPerVideo: 1 });
  await runPipeline({ sources: corpus, out: plain, ...RECIPE, maxFailures: '30%' });
  const shardsOf = async (out: string) =>
    Object.entries(await hashesOf(out)).filter(([name]) => name.startsWith('shards/'));
  const [a, b] = [await clipRows(one), await clipRows(plain)];
  t.deepEqual(
    a.map(({ clipStart, ...row }) => row),
    b,
  );
  t.true(a.every(({ clipStart }) => clipStart === 0));
  t.true(b.every((row) => !('clipStart' in row)));
  t.deepEqual(await shardsOf(one), await shardsOf(plain));
});

test.serial('clips of a video are all held out or none, copies with them', async (t) => {
  const folder = join(work, 'split');
  await mkdir(folder);
  for (let i = 0; i < 8; i++) {
    const name = `${i}.mkv`;
    await ffmpeg([...moving(`${64 + 8 * i}x48`, 6, 5.5), '-pix_fmt', 'yuv420p', name], folder);
    await copyFile(join(folder, name), join(folder, `copy-of-${name}`));
  }
  const out = join(work, 'of-split');
  await runPipeline({ sources: folder, out, ...BY_STRIDE, clipsPerVideo: 2, valFraction: 0.5 });
  const dataset = await openDataset(out);
  const sides = new Map<string, Set<string>>();
  const rows = new Map((await clipRows(out)).map((row) => [row.docId, row]));
  for (const split of ['train', 'val'] as const) {
    for await (const { docId } of dataset.documents(split)) {
      const video = fileNameOf(rows.get(docId)!.source).replace('copy-of-', '');
      sides.set(video, (sides.get(video) ?? new Set()).add(split));
    }
  }
  await dataset.close();
  t.is(sides.size, 8);
  for (const [video, found] of sides) t.is(found.size, 1, video);
  t.is(new Set([...sides.values()].flatMap((side) => [...side])).size, 2);
});

test.serial(
  'clips between cuts, from an archive, with columns and without duplicates',
  async (t) => {
    const folder = join(work, 'cuts');
    await mkdir(folder);
    const parts = [
      ['red', 1.5],
      ['testsrc', 5],
      ['blue', 2.5],
    ] as const;
    await ffmpeg([...scenes('64x48', 10, parts), '-bf', '2', '0.mkv'], folder);
    await copyFile(join(folder, '0.mkv'), join(folder, '1.mkv'));
    await writeFile(join(folder, '0.txt'), 'two cuts');
    await writeFile(join(folder, '1.txt'), 'a copy');
    const tar = join(folder, 'all.tar');
    await execa('tar', ['cf', tar, '-C', folder, '0.mkv', '0.txt', '1.mkv', '1.txt']);
    await rm(join(folder, '0.mkv'));
    await rm(join(folder, '1.mkv'));
    const out = join(work, 'of-cuts');
    const asked = { ...RECIPE, clipsPerVideo: 5, cuts: true, columns: 'note=txt' };
    await runPipeline({ sources: tar, out, ...asked, dropDuplicates: true });
    const rows = await clipRows(out);
    const [{ columns, sha256 }] = rows;
    // The first scene is too short; the second has places at its beginning and two seconds later.
    t.deepEqual(
      rows.map(({ clipStart }) => clipStart),
      [1.5, 3.5, 6.5],
    );
    for (const row of rows) t.deepEqual([row.columns, row.sha256], [columns, sha256]);
    const manifest = await readManifest(out);
    t.deepEqual(manifest.totals.filteredByReason, { duplicate: 5, 'no-scene': 2 });
    t.is((manifest.config.clips as { cuts: number }).cuts, 0.3);
    await isGood(t, out);
    const inspected = await execa('node', [
      join(import.meta.dirname, '../../../bin/shards.js'),
      ...['inspect', out, '--row', '0'],
    ]);
    t.regex(inspected.stdout, /from second +of\n[- ]+\n +\d+ +0 +\d+ +1\.5 .*all\.tar\/\d\.mkv/);
  },
);

test.serial(
  'damage in the middle: earlier clips stay, later ones fail, and a retry brings them',
  async (t) => {
    const folder = join(work, 'damaged');
    await mkdir(folder);
    const good = await readFile(join(corpus, 'd.mkv'));
    await writeFile(join(folder, 'd.mkv'), good.subarray(0, Math.floor(good.length * 0.7)));
    const out = join(work, 'of-damaged');
    const asked = { sources: folder, out, ...BY_STRIDE, maxFailures: 0.8 };
    const { totals } = (await runPipeline(asked))!;
    t.is(totals.documents, 1);
    t.deepEqual(totals.failuresByCode, { VIDEO_CORRUPT: 3 });
    const lines = await readFile(join(out, 'failures', 'part-00000.jsonl'), 'utf8');
    t.regex(lines, /"input":1,.*\(clip 1, from 3 s\)/);
    await writeFile(join(folder, 'd.mkv'), good);
    const retried = (await runPipeline({ ...asked, retryFailed: true }))!;
    t.is(retried.totals.documents, 3);
    t.is(retried.totals.failures, 0);
    t.deepEqual(retried.totals.filteredByReason, { 'short-clip': 1 });
    await isGood(t, out);
  },
);
