/** Clips of videos, run by the command line: killed, by ranks and a queue, extended, shown, refused. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  estimatePipeline,
  extendPipeline,
  readStatus,
  runPipeline,
} from '../../../pipeline/index.ts';
import {
  BY_STRIDE,
  clipArgs,
  clipRows,
  isGood,
  makeVideos,
  startsOf,
} from '../../helpers/clips.ts';
import { hashesOf, pipeline, removeFolder, workFolder } from '../../helpers/pipeline-runs.ts';
import { randomNumbers } from '../../helpers/rasters.ts';
import { startRedis } from '../../helpers/redis.ts';
import { testWith } from '../../helpers/tools.ts';

const isLong = process.env.CODEC_LM_TEST_LONG !== undefined;
const KILLS = isLong ? 20 : 2;

let work: string;
let corpus: string;
let whole: string;
let expected: Record<string, string>;
let fullMs: number;

test.before(async () => {
  work = await workFolder();
  corpus = await makeVideos(work);
  whole = join(work, 'whole');
  const start = performance.now();
  await runPipeline({ sources: corpus, out: whole, ...BY_STRIDE });
  fullMs = performance.now() - start;
  expected = await hashesOf(whole);
});
test.after.always(() => removeFolder(work));

for (const workers of [1, 2, 4]) {
  test.serial(`killed and resumed with ${workers} workers: the same bytes`, async (t) => {
    const random = randomNumbers(workers);
    const out = join(work, `killed-${workers}`);
    for (let kills = 0; kills < KILLS; kills++) {
      const attempt = pipeline(clipArgs(corpus, out, '--workers', String(workers)));
      const timer = setTimeout(() => attempt.kill('SIGKILL'), 500 + (random() % Math.ceil(fullMs)));
      await attempt;
      clearTimeout(timer);
    }
    const last = await pipeline(clipArgs(corpus, out, '--workers', String(workers)));
    t.is(last.exitCode, 0, String(last.stderr));
    t.deepEqual(await hashesOf(out), expected);
    await isGood(t, out);
  });
}

test.serial('two ranks give the same bytes, and status counts videos', async (t) => {
  const out = join(work, 'ranks');
  const [, ...rest] = clipArgs(corpus, out);
  await pipeline(['plan', ...rest]);
  const before = await readStatus(out);
  t.deepEqual(before.clips, { perVideo: 4, stride: 3_000_000, videos: 4 });
  for (const rank of ['0', '1']) {
    const run = await pipeline(clipArgs(corpus, out, '--rank', rank, '--world-size', '2'));
    t.is(run.exitCode, 0, String(run.stderr));
  }
  t.deepEqual((await readStatus(out)).filteredByReason, { 'short-clip': 7 });
  await pipeline(['finalize', out]);
  t.deepEqual(await hashesOf(out), expected);
});

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
    t.deepEqual(startsOf(await clipRows(base)), { 'b.mkv': [0, 3], 'd.mkv': [0, 3, 6] });
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
  const printed = await pipeline([...clipArgs(corpus, join(work, 'dry')), '--dry-run']);
  t.regex(String(printed.stdout), /clips +at most 4 of each of 4 videos, every 3 s/);
  t.regex(String(printed.stdout), /left out +short-clip 7/);
});

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
  const other = await pipeline(clipArgs(corpus, whole, '--stride', '4'));
  t.is(other.exitCode, 2);
  t.regex(String(other.stderr), /clips\.stride: 3000000 there, 4000000 now/);
});

testWith('redis-server', 'two workers of a queue give the same bytes', async (t) => {
  const redis = await startRedis();
  try {
    const out = join(work, 'queued');
    const args = clipArgs(corpus, out, '--queue', redis.address);
    const planned = await pipeline(['plan', ...args.slice(1)]);
    t.is(planned.exitCode, 0, String(planned.stderr));
    const workers = await Promise.all([pipeline(args), pipeline(args)]);
    for (const { exitCode, stderr } of workers) t.is(exitCode, 0, String(stderr));
    t.deepEqual(await hashesOf(out), expected);
  } finally {
    redis.stop();
  }
});
