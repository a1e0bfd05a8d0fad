/**
 * Our loader beside LitData and MosaicML StreamingDataset, on a disk and from object storage with 50 ms a
 * request and 100 MB/s: millions of tokens per second of all ranks, by the clock and by CPU time.
 *
 *   bash bench/peers/setup-loaders.sh && node bin/start.js bench/loader/table.ts [ROWS] [ROUNDS = 3]
 *
 * ROWS: some of `1`, `2` (local, so many ranks), `far`, `waits`, joined by commas. Both sides take turns; a ratio
 * is the median of those of the rounds. Rows have 12,288 tokens, batches 4 rows; the page cache is warm.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../../base/format.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';
import { startFarFolder } from '../s3/storage.ts';
import { makeTokens, SEQ_LEN } from './data.ts';
import { type Epoch, type Read, readByRanks } from './ranks.ts';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const START = pathOf('../../bin/start.js');
const PYTHON = pathOf('../peers/.venv-loaders/bin/python');
const RANK = pathOf('../peers/loaders/rank.py');
const CONVERT = pathOf('../peers/loaders/convert.py');

const SHARDS = 16;
const EPOCHS = 4;
/** Milliseconds of a step, where waits are counted. */
const STEP_MS = 40;

const [rowsText = '1,2,far,waits', roundsText = '3'] = process.argv.slice(2);
const rounds = Number(roundsText);
const folder = join(tmpdir(), 'codec-lm-bench-loader');
const work = join(folder, 'work');

type Kind = 'ours' | 'litdata' | 'litdata-raw' | 'mds';

interface Setting {
  ranks: number;
  epochs?: number;
  stepMs?: number;
  /** Read from afar, with this folder as a cache. */
  cache?: string;
  env?: Record<string, string>;
}

let port = 29_600;

function read(kind: Kind, { ranks, epochs = EPOCHS, stepMs = 0, cache, env }: Setting) {
  const own = join(folder, kind.replace('-raw', ''));
  const remote = cache ? `s3://bucket/${kind}` : '';
  const numbers = [ranks, epochs].map(String);
  const command = (rank: number) =>
    kind === 'ours'
      ? [
          ...[process.execPath, START, 'bench/loader/rank.ts', remote || own, String(rank)],
          ...[...numbers, cache ?? '', String(stepMs)],
        ]
      : [
          ...[PYTHON, RANK, kind, cache ?? own, String(rank), ...numbers, String(SEQ_LEN)],
          ...[remote, String(stepMs)],
        ];
  return readByRanks(ranks, command, { MASTER_PORT: String(port++), ...env });
}

const table: string[][] = [];
const shown = ({ speed, cpuSpeed }: Epoch) => `${speed.toFixed(0)}/${cpuSpeed.toFixed(0)}`;

function add(what: string, pairs: { ours: Read; theirs: Read }[], of: (read: Read) => Epoch) {
  const ratio = (part: keyof Epoch) =>
    median(pairs.map(({ ours, theirs }) => of(ours)[part] / of(theirs)[part])).toFixed(2);
  const [a, b] = [pairs.map(({ ours }) => of(ours)), pairs.map(({ theirs }) => of(theirs))];
  const middle = (epochs: Epoch[]): Epoch => ({
    speed: median(epochs.map(({ speed }) => speed)),
    cpuSpeed: median(epochs.map(({ cpuSpeed }) => cpuSpeed)),
  });
  table.push([
    what,
    shown(middle(a)),
    shown(middle(b)),
    `${ratio('speed')} (${ratio('cpuSpeed')})`,
  ]);
  console.error(table.at(-1)!.join('  '));
}

function addSmaller(
  what: string,
  pairs: { ours: Read; theirs: Read }[],
  of: (read: Read) => number,
) {
  const [ours, theirs] = [
    median(pairs.map((p) => of(p.ours))),
    median(pairs.map((p) => of(p.theirs))),
  ];
  table.push([what, ours.toFixed(3), theirs.toFixed(3), (ours / theirs).toFixed(2)]);
  console.error(table.at(-1)!.join('  '));
}

async function local(ranks: number): Promise<void> {
  const pairs: { ours: Read; theirs: Read }[] = [];
  const raw: typeof pairs = [];
  for (let round = 0; round < rounds; round++) {
    const theirs = await read('litdata', { ranks });
    const ours = await read('ours', { ranks });
    pairs.push({ theirs, ours });
    raw.push({ theirs: await read('litdata-raw', { ranks }), ours });
  }
  const what = `local, ${ranks} rank${ranks > 1 ? 's' : ''}, LitData`;
  add(`${what}: later epochs`, pairs, ({ later }) => later);
  add(`${what} without conversion: later epochs`, raw, ({ later }) => later);
  add(`${what}: first epoch`, pairs, ({ first }) => first);
  addSmaller(`${what}: first batch, s`, pairs, ({ firstBatch }) => firstBatch);
  addSmaller(`${what}: memory, MiB`, pairs, ({ memory }) => memory);
}

async function far(): Promise<void> {
  const { env, stop } = await startFarFolder(folder);
  const cold: { ours: Read; theirs: Read }[] = [];
  for (let round = 0; round < rounds; round++) {
    const once = async (kind: Kind) => {
      const cache = join(work, `cache-${kind}`);
      await rm(cache, { recursive: true, force: true });
      return read(kind, { ranks: 2, cache, env });
    };
    cold.push({ theirs: await once('mds'), ours: await once('ours') });
  }
  add('S3, 2 ranks, MosaicML: cold cache', cold, ({ first }) => first);
  add('S3, 2 ranks, MosaicML: warm cache', cold, ({ later }) => later);
  addSmaller('S3, 2 ranks, MosaicML: first batch, s', cold, ({ firstBatch }) => firstBatch);
  stop();
}

/** Steps of some milliseconds: how much of the time a rank waits for its batch. */
async function waits(): Promise<void> {
  const { env, stop } = await startFarFolder(folder);
  const cache = join(work, 'cache-waits');
  await rm(cache, { recursive: true, force: true });
  const found = await read('ours', { ranks: 2, epochs: 1, stepMs: STEP_MS, cache, env });
  const what = `S3, 2 ranks, cold, steps of ${STEP_MS} ms: share of waits`;
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  table.push([what, percent(found.waitsAfterFirst), 'under 1 %', '']);
  table.push([`${what}, with the first batch`, percent(found.waits), '', '']);
  console.error(table.at(-1)!.join('  '));
  stop();
}

const ROWS: Record<string, () => Promise<void>> = {
  '1': () => local(1),
  '2': () => local(2),
  far,
  waits,
};

await mkdir(folder, { recursive: true });
await makeTokens(folder, SHARDS);
const isConverted = await stat(join(folder, 'litdata')).then(
  () => true,
  () => false,
);
if (!isConverted) await output(PYTHON, [CONVERT, folder, String(SEQ_LEN)]);
for (const row of rowsText.split(',')) await ROWS[row]();
console.log(formatTable(['M tokens/s, clock/CPU', 'ours', 'theirs', 'ratio (CPU)'], table));
await rm(work, { recursive: true, force: true });
