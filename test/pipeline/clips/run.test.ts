/** Several documents of a video, through the whole pipeline: ids, kills, splits, archives, extensions. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import {
  estimatePipeline,
  extendPipeline,
  readStatus,
  runPipeline,
} from '../../../pipeline/index.ts';
import type { DocumentRow } from '../../../schemas/dataset.ts';
import { readDocuments } from '../../../shards/dataset/documents.ts';
import { openDataset, verify } from '../../../shards/index.ts';
import { readTokenizer } from '../../../tokenizer/bpe/files/huggingface.ts';
import { createAvcCodec } from '../../../tokenizer/codecs/avc/encode.ts';
import { hashesOf, pipeline, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { randomNumbers } from '../../helpers/rasters.ts';
import { ffmpeg, moving, scenes } from '../../helpers/videos.ts';

const isLong = process.env.CODEC_LM_TEST_LONG !== undefined;
const KILLS = isLong ? 20 : 2;

const RECIPE = {
  codec: 'avc',
  ...{ size: '48x32', fps: 3, frames: 6, seqLen: 256, merges: 20, partitionSize: 4 },
} as const;
/** A clip has two seconds: four of them, three seconds apart. */
const BY_STRIDE = { ...RECIPE, clipsPerVideo: 4, stride: 3 };

/** Seconds of each video, and how many clips of `BY_STRIDE` it has. */
const VIDEOS: Record<string, { seconds: number; clips: number }> = {
  'a.mp4': { seconds: 12.5, clips: 4 },
  'b.mkv': { seconds: 5.5, clips: 2 },
  'c.mp4': { seconds: 1.2, clips: 0 },
  'd.mkv': { seconds: 8.2, clips: 3 },
};

let work: string;
let corpus: string;
let whole: string;
let expected: Record<string, string>;
let fullMs: number;

test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await mkdir(corpus);
  for (const [i, [name, { seconds }]] of Object.entries(VIDEOS).entries()) {
    const source = moving(`${64 + 16 * i}x48`, 10, seconds);
    await ffmpeg([...source, ...'-pix_fmt yuv420p -bf 2 -g 25'.split(' '), name], corpus);
  }
  whole = join(work, 'whole');
  const start = performance.now();
  await runPipeline({ sources: corpus, out: whole, ...BY_STRIDE });
  fullMs = performance.now() - start;
  expected = await hashesOf(whole);
});
test.after.always(() => removeFolder(work));

async function rowsOf(out: string): Promise<DocumentRow[]> {
  const { manifest, close } = await manifestOf(out);
  const rows: DocumentRow[] = [];
  for (const { file } of manifest.documents) {
    for await (const row of readDocuments(join(out, file))) rows.push(row);
  }
  await close();
  return rows.sort((a, b) => a.docId - b.docId);
}

async function manifestOf(out: string) {
  const dataset = await openDataset(out);
  return { manifest: dataset.manifest, close: () => dataset.close() };
}

const nameOf = (source: string) => source.split('/').at(-1)!;

/** Name -> where its clips begin, in seconds. */
function startsOf(rows: readonly DocumentRow[]): Record<string, number[]> {
  const starts: Record<string, number[]> = {};
  for (const { source, clipStart } of rows) (starts[nameOf(source)] ??= []).push(clipStart!);
  return starts;
}

async function isGood(t: ExecutionContext, out: string) {
  t.deepEqual((await verify(out)).problems, []);
}

test.serial(
  'each clip that a video has is a document, the others are counted by reason',
  async (t) => {
    const rows = await rowsOf(whole);
    const { manifest, close } = await manifestOf(whole);
    const wanted = Object.entries(VIDEOS).filter(([, { clips }]) => clips > 0);
    t.deepEqual(
      startsOf(rows),
      Object.fromEntries(
        // In the order of the plan.
        [...new Set(rows.map(({ source }) => nameOf(source)))].map((name) => [
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
    await close();
  },
);

test.serial(
  'ids are those of the plan: four in a row for each video, in one partition',
  async (t) => {
    const rows = await rowsOf(whole);
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
  const row = (await rowsOf(whole)).find(({ clipStart }) => clipStart === 6)!;
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
  const [a, b] = [await rowsOf(one), await rowsOf(plain)];
  t.deepEqual(
    a.map(({ clipStart, ...row }) => row),
    b,
  );
  t.true(a.every(({ clipStart }) => clipStart === 0));
  t.true(b.every((row) => !('clipStart' in row)));
  t.deepEqual(await shardsOf(one), await shardsOf(plain));
});

function argsOf(out: string, ...more: string[]): string[] {
  const { codec: _, ...options } = BY_STRIDE;
  const flags = Object.entries(options).flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  return ['run', 'videos', corpus, '--out', out, ...flags, ...more];
}

for (const workers of [1, 2, 4]) {
  test.serial(`killed and resumed with ${workers} workers: the same bytes`, async (t) => {
    const random = randomNumbers(workers);
    const out = join(work, `killed-${workers}`);
    for (let kills = 0; kills < KILLS; kills++) {
      const attempt = pipeline(argsOf(out, '--workers', String(workers)));
      const timer = setTimeout(() => attempt.kill('SIGKILL'), 500 + (random() % Math.ceil(fullMs)));
      await attempt;
      clearTimeout(timer);
    }
    const last = await pipeline(argsOf(out, '--workers', String(workers)));
    t.is(last.exitCode, 0, String(last.stderr));
    t.deepEqual(await hashesOf(out), expected);
    await isGood(t, out);
  });
}

test.serial('two ranks give the same bytes, and status counts videos', async (t) => {
  const out = join(work, 'ranks');
  const [, ...rest] = argsOf(out);
  await pipeline(['plan', ...rest]);
  const before = await readStatus(out);
  t.deepEqual(before.clips, { perVideo: 4, stride: 3_000_000, videos: 4 });
  for (const rank of ['0', '1']) {
    const run = await pipeline(argsOf(out, '--rank', rank, '--world-size', '2'));
    t.is(run.exitCode, 0, String(run.stderr));
  }
  t.deepEqual((await readStatus(out)).filteredByReason, { 'short-clip': 7 });
  await pipeline(['finalize', out]);
  t.deepEqual(await hashesOf(out), expected);
});

test.serial('clips of a video are all held out or none, copies with them', async (t) => {
  const folder = join(work, 'split');
  await mkdir(folder);
  for (const name of ['a.mp4', 'b.mkv', 'd.mkv']) {
    await copyFile(join(corpus, name), join(folder, name));
    await copyFile(join(corpus, name), join(folder, `copy-of-${name}`));
  }
  const out = join(work, 'of-split');
  await runPipeline({ sources: folder, out, ...BY_STRIDE, valFraction: 0.5 });
  const dataset = await openDataset(out);
  const sides = new Map<string, Set<string>>();
  const rows = new Map((await rowsOf(out)).map((row) => [row.docId, row]));
  for (const split of ['train', 'val'] as const) {
    for await (const { docId } of dataset.documents(split)) {
      const video = nameOf(rows.get(docId)!.source).replace('copy-of-', '');
      sides.set(video, (sides.get(video) ?? new Set()).add(split));
    }
  }
  await dataset.close();
  t.is(sides.size, 3);
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
    const rows = await rowsOf(out);
    const [{ columns, sha256 }] = rows;
    // The first scene is too short; the second has places at its beginning and two seconds later.
    t.deepEqual(
      rows.map(({ clipStart }) => clipStart),
      [1.5, 3.5, 6.5],
    );
    for (const row of rows) t.deepEqual([row.columns, row.sha256], [columns, sha256]);
    const { manifest, close } = await manifestOf(out);
    t.deepEqual(manifest.totals.filteredByReason, { duplicate: 5, 'no-scene': 2 });
    t.is((manifest.config.clips as { cuts: number }).cuts, 0.3);
    await close();
    await isGood(t, out);
    const inspected = await execa('node', [
      join(import.meta.dirname, '../../../bin/shards.js'),
      ...['inspect', out, '--row', '0'],
    ]);
    t.regex(inspected.stdout, /from second +of\n[- ]+\n +\d+ +0 +\d+ +1\.5 .*all\.tar\/\d\.mkv/);
  },
);

test.serial(
  'an extension takes clips by the recipe, and passes over videos that are there',
  async (t) => {
    const base = join(work, 'base');
    const [few, more] = ['few', 'more'].map((name) => join(work, name));
    for (const folder of [few, more]) await mkdir(folder);
    await copyFile(join(corpus, 'b.mkv'), join(few, 'b.mkv'));
    await copyFile(join(corpus, 'd.mkv'), join(more, 'd.mkv'));
    await runPipeline({ sources: few, out: base, ...BY_STRIDE });
    const before = await hashesOf(base);
    const { totals } = await extendPipeline({ out: base, sources: [few, more] });
    t.is(totals.inputs, 8);
    t.is(totals.documents, 5);
    t.deepEqual(totals.filteredByReason, { 'short-clip': 3 });
    const after = await hashesOf(base);
    for (const [name, hash] of Object.entries(before)) t.is(after[name], hash, name);
    t.deepEqual(startsOf(await rowsOf(base)), { 'b.mkv': [0, 3], 'd.mkv': [0, 3, 6] });
    await isGood(t, base);
  },
);

test.serial('a dry run counts clips and those that are left out', async (t) => {
  const found = await estimatePipeline({ sources: corpus, out: join(work, 'dry'), ...BY_STRIDE });
  t.is(found.inputs, 16);
  t.is(found.clips?.videos, 4);
  t.is(found.sample.inputs, 16);
  t.is(found.sample.documents, 9);
  t.deepEqual(found.sample.filtered, { 'short-clip': 7 });
  const printed = await pipeline([...argsOf(join(work, 'dry')), '--dry-run']);
  t.regex(String(printed.stdout), /clips +at most 4 of each of 4 videos, every 3 s/);
  t.regex(String(printed.stdout), /left out +short-clip 7/);
});

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

test.serial('what makes no sense is refused with a word on what to do', async (t) => {
  const cases: [options: string[], message: RegExp][] = [
    [['--clips-per-video', '0'], /--clips-per-video: .*above 0.*\[USAGE\]/],
    [['--clips-per-video', '2', '--stride', '0'], /--stride: .*above 0.*\[USAGE\]/],
    [['--cuts'], /--cuts is for several clips.*--clips-per-video\) \[USAGE\]/],
    [['--stride', '3'], /--stride is for several clips.*\[USAGE\]/],
    [['--clips-per-video', '2', '--cut-threshold', '0.4'], /add --cuts.*\[USAGE\]/],
  ];
  for (const [options, message] of cases) {
    const run = await pipeline(['run', 'videos', corpus, '--out', join(work, 'no'), ...options]);
    t.is(run.exitCode, 2);
    t.regex(String(run.stderr), message);
  }
  const images = await pipeline(['run', 'images', corpus, '--out', 'no', '--clips-per-video', '2']);
  t.is(images.exitCode, 2);
  t.regex(String(images.stderr), /unknown option '--clips-per-video'/);
  const other = await pipeline(argsOf(whole, '--stride', '4'));
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /clips\.stride: 3000000 there, 4000000 now/);
});
