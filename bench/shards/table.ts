/**
 * Shards side by side with parquetjs-lite's row API, pyarrow and HF datasets:
 * millions of tokens per second of CPU time, and their ratios.
 *
 *   bash bench/peers/setup.sh && node bin/start.js bench/shards/table.ts
 *
 * CPU time of all threads, not wall time, so that a busy machine slows both sides alike. Ours and
 * the peer take turns, and the ratio is the median of the turns' ratios. Both are warm: a process
 * that writes a dataset writes thousands of shards. Our writing has checksums, sha256 and fsync in
 * it; pyarrow's has none of them in one row and all of them in the next.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTable } from '../../base/format.ts';
import { ShardPeer } from './peer.ts';
import { FEW_TOKENS, TOKENS, Work } from './work.ts';

const WARM_UPS = 20;
const TURNS = 7;
/** Runs a turn of ours: as long as the peer's one, and one alone would show how cold the caches were left. */
const RUNS = 8;

/** @returns millions of tokens per second of CPU time */
async function speed(tokens: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return tokens / (user + system);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function line(what: string, ours: number, against: string, theirs: number, ratio: number) {
  const digits = what.startsWith('bytes') ? 3 : 1;
  return [what, ours.toFixed(digits), against, theirs.toFixed(digits), ratio.toFixed(2)];
}

const dir = await mkdtemp(join(tmpdir(), 'codec-lm-bench-'));
try {
  await mkdir(join(dir, 'shards'));
  const work = new Work(dir);
  await work.prepare();
  await work.write();
  const peer = await ShardPeer.start(work.shard, dir);
  const rows: string[][] = [];

  async function pair(what: string, ours: () => Promise<void>, against: string, theirs: string) {
    for (let run = 0; run < WARM_UPS; run++) await ours();
    await peer.measure(theirs);
    const turns = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const all = async () => {
        for (let run = 0; run < RUNS; run++) await ours();
      };
      turns.push({ ours: await speed(RUNS * TOKENS, all), theirs: await peer.measure(theirs) });
    }
    const ratio = median(turns.map((turn) => turn.ours / turn.theirs));
    const figures = [turns.map((turn) => turn.ours), turns.map((turn) => turn.theirs)];
    rows.push(line(`${what}, M tokens/s`, median(figures[0]), against, median(figures[1]), ratio));
    console.error(rows.at(-1)!.join('  '));
    return median(figures[0]);
  }

  const write = () => work.write();
  const read = () => work.read();
  const load = () => work.load();
  await pair('loader', load, 'HF datasets streaming', 'stream');
  await pair('loader', load, 'HF datasets, 2 ranks', 'streamRanks');
  const written = await pair('write', write, 'pyarrow, dictionary', 'write');
  await pair('write', write, 'the same, checksums, sha256, fsync', 'writeSafe');
  const wasRead = await pair('read', read, 'pyarrow to numpy, our file', 'read');
  await pair('read', read, 'pyarrow to numpy, its own file', 'readOwn');
  const byRows = await speed(FEW_TOKENS, () => work.writeByRows());
  const readRows = await speed(FEW_TOKENS, () => work.readByRows());
  rows.push(line('write, M tokens/s', written, 'parquetjs-lite rows', byRows, written / byRows));
  rows.push(line('read, M tokens/s', wasRead, 'parquetjs-lite rows', readRows, wasRead / readRows));
  const size = work.bytesPerToken;
  for (const [against, name] of [
    ['pyarrow, dictionary', 'sizeSame'],
    ['pyarrow, dictionary + zstd', 'sizeBest'],
  ]) {
    const theirs = await peer.measure(name);
    rows.push(line('bytes per token', size, against, theirs, size / theirs));
  }
  console.log(formatTable(['what', 'ours', 'against', 'theirs', 'ratio'], rows));
  peer.stop();
} finally {
  await rm(dir, { recursive: true, force: true });
}
