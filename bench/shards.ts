/**
 * Shards side by side with parquetjs-lite's row API, pyarrow and HF datasets:
 * millions of tokens a second of CPU time, best of several runs, and their ratios.
 *
 *   node bin/start.js bench/shards.ts        (bench/peers/.venv as in bench/peers/read_shards.ts)
 *
 * CPU time, not wall time, so that a busy machine slows both sides alike.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import parquet from 'parquetjs-lite';
import { formatTable } from '../cli/table.ts';
import { Loader } from '../shards/loader.ts';
import { ShardPool } from '../shards/pool.ts';
import { openShard } from '../shards/reader.ts';
import type { SequenceRow, ShardSummary } from '../shards/rows.ts';
import { sequenceSchema } from '../shards/schema.ts';
import { writeSequenceShard } from '../shards/writer.ts';
import { header } from '../test/helpers/dataset.ts';

const SEQ_LEN = 12_288;
const VOCAB_SIZE = 579;
const ROWS = 512;
const PEER_ROWS = 24;
const RUNS = 5;

interface PeerFigures {
  write: number;
  read: number;
  readOwn: number;
  sizeSame: number;
  sizeBest: number;
  loader: number;
}

/** Ids as uneven as those of images: the frequent ones about ten times as frequent as the median. */
function makeRows(): SequenceRow[] {
  let state = 1;
  return Array.from({ length: ROWS }, (_, row) => {
    const ids = Uint16Array.from({ length: SEQ_LEN }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) ** 1.5 * (VOCAB_SIZE - 3));
    });
    return { ids, docIds: Int32Array.of(row), docStarts: Int32Array.of(0) };
  });
}

/** @returns millions of tokens a second of CPU time, the best run */
async function best(tokens: number, runs: number, work: () => Promise<unknown>): Promise<number> {
  let fastest = 0;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    fastest = Math.max(fastest, tokens / (user + system));
  }
  return fastest;
}

async function readAll(path: string): Promise<void> {
  const shard = await openShard(path);
  for (let row = 0; row < ROWS; row += 64) await shard.readIds(row, Math.min(64, ROWS - row));
  await shard.close();
}

async function writeByRows(path: string, rows: SequenceRow[]): Promise<void> {
  const writer = await parquet.ParquetWriter.openFile(sequenceSchema(), path);
  const list = (values: ArrayLike<number>) => ({
    list: Array.from(values, (element) => ({ element })),
  });
  for (const { ids, docIds, docStarts } of rows) {
    const row = { input_ids: list(ids), doc_ids: list(docIds), doc_starts: list(docStarts) };
    await writer.appendRow(row);
  }
  await writer.close();
}

async function readByRows(path: string): Promise<void> {
  const reader = await parquet.ParquetReader.openFile(path);
  const cursor = reader.getCursor();
  while (await cursor.next());
  await reader.close();
}

/** Two ranks, each through a pool of its own, one after the other. */
async function loadAll(dir: string, entry: ShardSummary): Promise<void> {
  for (const rank of [0, 1]) {
    const manifest = {
      ...{ formatVersion: 1 as const, createdBy: 'bench', codec: header.codec },
      ...{ tokenizerHash: header.tokenizerHash, vocabSize: VOCAB_SIZE, seqLen: SEQ_LEN },
      ...{ partitions: 1, config: {}, shards: [entry], documents: [] },
      totals: {
        ...{ inputs: 0, documents: 0, failures: 0, failuresByCode: {}, documentBytes: 0 },
        ...{ tokens: entry.tokens, padding: 0, rows: ROWS, shardBytes: entry.bytes },
      },
    };
    const pool = new ShardPool(dir, manifest);
    const loader = new Loader(manifest, pool, { rank, worldSize: 2, microBatch: 4, epochs: 1 });
    for await (const _ of loader);
    await pool.close();
  }
}

const work = await mkdtemp(join(tmpdir(), 'codec-lm-bench-'));
try {
  await mkdir(join(work, 'shards'));
  const path = join(work, 'shards', 'part-00000.parquet');
  const rows = makeRows();
  const tokens = ROWS * SEQ_LEN;
  const shardHeader = { ...header, vocabSize: VOCAB_SIZE, seqLen: SEQ_LEN };
  let entry: ShardSummary | undefined;
  const write = await best(tokens, RUNS, async () => {
    entry = await writeSequenceShard(path, rows, shardHeader);
  });
  const read = await best(tokens, RUNS, () => readAll(path));
  const loader = await best(tokens, RUNS, () => loadAll(work, entry!));
  const few = rows.slice(0, PEER_ROWS);
  const byRows = join(work, 'rows.parquet');
  const rowWrite = await best(PEER_ROWS * SEQ_LEN, 2, () => writeByRows(byRows, few));
  const rowRead = await best(PEER_ROWS * SEQ_LEN, 2, () => readByRows(byRows));
  const python = fileURLToPath(new URL('peers/.venv/bin/python', import.meta.url));
  const script = fileURLToPath(new URL('peers/bench_shards.py', import.meta.url));
  const env = { HF_HOME: join(work, 'hf'), HF_HUB_OFFLINE: '1' };
  const { stdout } = await execa(python, [script, path, work], { env, stderr: 'ignore' });
  const peer = JSON.parse(stdout) as PeerFigures;
  const size = entry!.bytes / tokens;
  const line = (what: string, ours: number, against: string, theirs: number, digits = 1) => [
    what,
    ours.toFixed(digits),
    against,
    theirs.toFixed(digits),
    (ours / theirs).toFixed(2),
  ];
  console.log(
    formatTable(
      ['what', 'ours', 'against', 'theirs', 'ratio'],
      [
        line('write, M tokens/s', write, 'parquetjs-lite rows', rowWrite),
        line('write, M tokens/s', write, 'pyarrow, dictionary', peer.write),
        line('read, M tokens/s', read, 'parquetjs-lite rows', rowRead),
        line('read, M tokens/s', read, 'pyarrow, our file', peer.read),
        line('read, M tokens/s', read, 'pyarrow, its own file', peer.readOwn),
        line('loader, M tokens/s', loader, 'HF datasets streaming', peer.loader),
        line('bytes a token', size, 'pyarrow, dictionary', peer.sizeSame, 3),
        line('bytes a token', size, 'pyarrow, dictionary + zstd', peer.sizeBest, 3),
      ],
    ),
  );
} finally {
  await rm(work, { recursive: true, force: true });
}
