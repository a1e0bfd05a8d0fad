/**
 * The table of `pipeline run images`: speed beside a Python pipeline and beside sharp alone,
 * memory of a large corpus beside a small one, and a second run of a finished one.
 *   node bin/start.js bench/pipeline/table.ts [rounds = 5] [rows, as in ROWS: small,large …]
 * Needs bench/peers/setup.sh. Each row is a ratio of two commands that took turns in one
 * run; the first ratio is by the clock, the one in brackets by CPU time. Sources are made
 * once and kept in the folder for temporary files; --clean removes them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerPython } from '../jpeg/pillow.ts';
import { PIPELINE, peakMemory, timed } from './process.ts';
import { type Race, race } from './race.ts';
import { removeSources, type SourceKind, sourceFolder } from './sources.ts';

const SMALL: SourceKind = { width: 640, height: 480, distinct: 400 };
const LARGE: SourceKind = { width: 4000, height: 3000, distinct: 16 };
const TINY: SourceKind = { width: 96, height: 72, distinct: 400 };
// So many that a start of half a second is no part of the rate.
const IMAGES = { small: 12_000, large: 1600 };

const PYTHON_SCRIPT = fileURLToPath(new URL('../peers/pipeline.py', import.meta.url));
const SHARP_SCRIPT = fileURLToPath(new URL('sharp-alone.ts', import.meta.url));
const cores = String(Math.min(2, availableParallelism()));

const work = await mkdtemp(join(tmpdir(), 'codec-lm-table-'));
const out = join(work, 'out');
const tokenizer = join(work, 'tokenizer');
const [roundsText = '5', rowsText] = process.argv.slice(2).filter((arg) => arg !== '--clean');
const rounds = Number(roundsText);

/** A fresh dataset of the sources, the tokenizer given: what the peers do too. */
const ours = (folder: string) => [
  ...[process.execPath, PIPELINE, 'run', 'images', folder, '--out', out, '--quiet'],
  ...['--tokenizer', tokenizer, '--workers', cores],
];
const python = (folder: string, ...flags: string[]) => [
  ...[peerPython(), PYTHON_SCRIPT, folder, join(tokenizer, 'tokenizer.json')],
  ...[join(work, 'peer.parquet'), cores, ...flags],
];
const sharpAlone = (folder: string, inFlight: number) => [
  ...[process.execPath, '--import=tsx', SHARP_SCRIPT, folder, String(inFlight)],
];
const removeOut = () => rm(out, { recursive: true, force: true });

function print(row: string, ratio: string, wanted: string): void {
  console.log(`| ${row} | ${ratio} | ${wanted} |`);
}

function printRace(what: string, images: number, found: Race, wanted: string): void {
  const rate = (seconds: number) => `${(images / seconds).toFixed(0)}`;
  const { ours: a, theirs: b } = found.seconds;
  const ratio = `${found.ratio.toFixed(2)} (${found.cpuRatio.toFixed(2)} by CPU)`;
  print(`${what}: ${rate(a)} against ${rate(b)} images/s`, ratio, wanted);
}

async function againstPython(kind: SourceKind, images: number, wanted: string, flags: string[]) {
  const folder = await sourceFolder(kind, images);
  const found = await race(ours(folder), python(folder, ...flags), rounds, removeOut);
  const peer = flags.includes('--draft') ? 'Python with Image.draft' : 'Python';
  printRace(`${kind.width}x${kind.height} JPEG, ${peer}`, images, found, wanted);
}

async function againstSharp(kind: SourceKind, images: number) {
  const folder = await sourceFolder(kind, images);
  let best = { inFlight: 0, seconds: Number.POSITIVE_INFINITY };
  for (const inFlight of [2, 4, 8]) {
    const { seconds } = await timed(sharpAlone(folder, inFlight));
    if (seconds < best.seconds) best = { inFlight, seconds };
  }
  const found = await race(ours(folder), sharpAlone(folder, best.inFlight), rounds, removeOut);
  const what = `${kind.width}x${kind.height} JPEG, sharp alone with ${best.inFlight} in flight`;
  printRace(what, images, found, '0.85');
}

async function memory() {
  const peak = async (images: number) => {
    await removeOut();
    // Learning takes memory by the size of its sample, so both get the same one.
    return peakMemory(ours(await sourceFolder(TINY, images)).slice(1));
  };
  const [few, many] = [await peak(2000), await peak(20_000)];
  const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const what = `peak memory, 20,000 against 2,000 images: ${size(many)}, ${size(few)}`;
  print(what, (many / few).toFixed(2), 'at most 1.10');
}

async function secondRun() {
  const folder = await sourceFolder(TINY, 2000);
  await removeOut();
  const command = [...ours(folder), '--partition-size', '2'];
  const first = await timed(command);
  const second = await timed(command);
  const what = `1,000 partitions: first run ${first.seconds.toFixed(1)} s, a second one`;
  print(what, `${second.seconds.toFixed(2)} s`, 'under 2 s');
}

const ROWS: Record<string, () => Promise<void>> = {
  small: () => againstPython(SMALL, IMAGES.small, '1.5', []),
  large: () => againstPython(LARGE, IMAGES.large, '3', []),
  draft: () => againstPython(LARGE, IMAGES.large, '', ['--draft']),
  sharp: () => againstSharp(SMALL, IMAGES.small),
  sharpLarge: () => againstSharp(LARGE, IMAGES.large),
  memory,
  second: secondRun,
};

try {
  const sample = await sourceFolder(SMALL, IMAGES.small);
  const learn = ['plan', 'images', sample, '--out', tokenizer, '--bpe-samples', '1000'];
  await timed([process.execPath, PIPELINE, ...learn, '--quiet']);
  print(`pipeline run images, ${cores} cores`, 'ratio', 'wanted');
  print('---', '---', '---');
  for (const row of rowsText?.split(',') ?? Object.keys(ROWS)) await ROWS[row]();
} finally {
  await rm(work, { recursive: true, force: true });
  if (process.argv.includes('--clean')) await removeSources();
}
