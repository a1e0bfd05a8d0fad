/**
 * `pipeline run images` from object storage with 50 ms a request and 100 MB/s: beside the same from a
 * disk, beside a Python pipeline (boto3, tarfile, Pillow), and its memory; and a queue beside fixed ranks.
 *
 *   bash bench/peers/setup-far.sh && node bin/start.js bench/s3/pipeline.ts [ROUNDS = 3] [ROWS] [IMAGES = 4000]
 *
 * ROWS: some of `objects`, `archives`, `memory`, `queue`, joined by commas. Each ratio is one of two commands
 * that took turns, by the clock and in brackets by CPU time; the server is a process of its own on the same cores.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../../test/helpers/redis.ts';
import { output, PIPELINE, peakMemory, timed } from '../pipeline/process.ts';
import { type Race, race } from '../pipeline/race.ts';
import { type SourceKind, sourceFolder } from '../pipeline/sources.ts';
import { startFarFolder } from './storage.ts';

const SMALL: SourceKind = { width: 640, height: 480, distinct: 400 };
const TINY: SourceKind = { width: 96, height: 72, distinct: 400 };
const PER_ARCHIVE = 1000;
const PARTITIONS = 1000;
const WORKERS = 3;
const CORES = '2';

const PYTHON = fileURLToPath(new URL('../peers/.venv-far/bin/python', import.meta.url));
const ARCHIVES = fileURLToPath(new URL('../peers/far/archives.py', import.meta.url));
const RANKS = fileURLToPath(new URL('workers.sh', import.meta.url));

const [roundsText = '3', rowsText, imagesText = '4000'] = process.argv.slice(2);
const rounds = Number(roundsText);
const IMAGES = Number(imagesText);
const work = await mkdtemp(join(tmpdir(), 'codec-lm-far-'));
const out = join(work, 'out');
const tokenizer = join(work, 'tokenizer');
const nearOut = join(work, 'near');
const removeOut = async () => {
  for (const folder of [out, nearOut]) await rm(folder, { recursive: true, force: true });
};

const run = (source: string, to = out) => [
  ...[process.execPath, PIPELINE, 'run', 'images', source, '--out', to, '--quiet'],
  ...['--tokenizer', tokenizer, '--workers', CORES],
];

function print(row: string, ratio: string, wanted: string): void {
  console.log(`| ${row} | ${ratio} | ${wanted} |`);
}

function printRace(what: string, images: number, found: Race, wanted: string): void {
  const rate = (seconds: number) => (images / seconds).toFixed(0);
  const { ours: a, theirs: b } = found.seconds;
  const ratio = `${found.ratio.toFixed(2)} (${found.cpuRatio.toFixed(2)} by CPU)`;
  print(`${what}: ${rate(a)} against ${rate(b)} images/s`, ratio, wanted);
}

/** Runs `body` while a folder is served as `s3://bucket`, and the variables of this process name it. */
async function serving(folder: string, body: () => Promise<void>): Promise<void> {
  const { env, stop } = await startFarFolder(folder);
  Object.assign(process.env, env);
  try {
    await body();
  } finally {
    stop();
  }
}

async function objects(): Promise<void> {
  const folder = await sourceFolder(SMALL, IMAGES);
  await serving(folder, async () => {
    const found = await race(run('s3://bucket'), run(folder, nearOut), rounds, removeOut);
    printRace('sources in S3, the same from a disk', IMAGES, found, '0.85');
  });
}

/** The sources in archives of a thousand. */
async function archivesOf(folder: string): Promise<string> {
  const to = join(work, 'archives');
  await mkdir(to, { recursive: true });
  const below = (await readdir(folder)).sort();
  const perArchive = PER_ARCHIVE / 100;
  for (let at = 0; at < below.length; at += perArchive) {
    const tar = join(to, `${String(at).padStart(5, '0')}.tar`);
    const names = below.slice(at, at + perArchive);
    // Links to one file would be stored as links, without its content.
    await output('tar', ['--hard-dereference', '-cf', tar, '-C', folder, ...names]);
  }
  return to;
}

async function archives(): Promise<void> {
  const folder = await archivesOf(await sourceFolder(SMALL, IMAGES));
  await serving(folder, async () => {
    const json = join(tokenizer, 'tokenizer.json');
    const python = [PYTHON, ARCHIVES, 'bucket', '', json, join(work, 'peer.parquet'), CORES];
    const found = await race(run('s3://bucket'), python, rounds, removeOut);
    printRace('archives of 1,000 in S3, Python with boto3', IMAGES, found, '1.2');
  });
}

async function memory(): Promise<void> {
  const folder = await sourceFolder(SMALL, IMAGES);
  await serving(folder, async () => {
    const peak = async (source: string) => {
      await removeOut();
      return peakMemory(run(source).slice(1));
    };
    const [near, far] = [await peak(folder), await peak('s3://bucket')];
    const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const what = `peak memory, S3 against disk: ${size(far)}, ${size(near)}`;
    print(what, (far / near).toFixed(2), 'at most 1.2');
  });
}

async function queue(): Promise<void> {
  const images = 2 * PARTITIONS;
  const folder = await sourceFolder(TINY, images);
  const redis = await startRedis();
  const options = ['images', folder, '--out', out, '--tokenizer', tokenizer, '--quiet'];
  const shared = [...options, '--partition-size', '2', '--workers', '1'];
  const workers = (kind: string, ...more: string[]) => [
    ...['sh', RANKS, kind, String(WORKERS), process.execPath, PIPELINE, out],
    ...['run', ...shared, ...more],
  ];
  const plan = [process.execPath, PIPELINE, 'plan', ...shared];
  const pairs: Race[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each side gets a plan of its own, which is not timed.
    await removeOut();
    await timed(plan);
    const theirs = await timed(workers('ranks'));
    await removeOut();
    await timed([...plan, '--queue', redis.address]);
    const ours = await timed(workers('queue', '--queue', redis.address));
    const seconds = { ours: ours.seconds, theirs: theirs.seconds };
    const ratio = theirs.seconds / ours.seconds;
    pairs.push({ ratio, cpuRatio: theirs.cpuSeconds / ours.cpuSeconds, seconds });
  }
  redis.stop();
  pairs.sort((a, b) => a.ratio - b.ratio);
  const what = `${PARTITIONS} partitions by a queue of ${WORKERS} workers, fixed ranks`;
  printRace(what, images, pairs[pairs.length >> 1], '0.97');
}

const ROWS: Record<string, () => Promise<void>> = { objects, archives, memory, queue };

try {
  const sample = await sourceFolder(SMALL, IMAGES);
  const learn = ['plan', 'images', sample, '--out', tokenizer, '--bpe-samples', '1000'];
  await timed([process.execPath, PIPELINE, ...learn, '--quiet']);
  print(`pipeline run images, ${CORES} cores, 50 ms, 100 MB/s`, 'ratio', 'wanted');
  print('---', '---', '---');
  for (const row of rowsText?.split(',') ?? Object.keys(ROWS)) await ROWS[row]();
} finally {
  await rm(work, { recursive: true, force: true });
}
