/**
 * Proves that peers read our shards: writes a dataset (or takes one), hashes what our
 * reader gives, and has pandas, pyarrow, HF datasets and duckdb give the same.
 *
 *   python3 -m venv bench/peers/.venv
 *   bench/peers/.venv/bin/pip install pandas pyarrow datasets duckdb
 *   node bin/start.js bench/peers/read_shards.ts [DATASET]
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { openDataset } from '../../shards/dataset/dataset.ts';
import type { SequenceRow } from '../../shards/parquet/rows.ts';
import { makeDataset, someDocuments } from '../../test/helpers/dataset.ts';

const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('read_shards.py', import.meta.url));

const work = await mkdtemp(join(tmpdir(), 'codec-lm-peers-'));
try {
  const dir = process.argv[2] ?? (await generate(join(work, 'dataset')));
  const expected = join(work, 'expected.json');
  await writeFile(expected, JSON.stringify(await hashesOf(dir)));
  const env = { HF_HOME: join(work, 'hf'), HF_HUB_OFFLINE: '1' };
  const run = await execa(PYTHON, [SCRIPT, dir, expected], {
    stdio: 'inherit',
    reject: false,
    env,
  });
  process.exitCode = run.exitCode ?? 1;
} finally {
  await rm(work, { recursive: true, force: true });
}

/** Sequences of the paper's length, several row groups, tails and a held-out split. */
async function generate(dir: string): Promise<string> {
  const documents = someDocuments(400, 9000, 7, 576);
  const options = { seqLen: 12_288, vocabSize: 579, partitionSize: 300 };
  await makeDataset(dir, documents, { ...options, isVal: (docId) => docId % 10 === 3 });
  return dir;
}

async function hashesOf(dir: string): Promise<Record<string, Record<string, string>>> {
  const dataset = await openDataset(dir);
  const hashes: Record<string, Record<string, string>> = {};
  for (const entry of dataset.manifest.shards) {
    const rows = await dataset.pool.use(entry, (shard) => shard.readRows(0, entry.rows));
    hashes[entry.file] = {
      input_ids: hashOf(rows, 'ids'),
      doc_ids: hashOf(rows, 'docIds'),
      doc_starts: hashOf(rows, 'docStarts'),
    };
  }
  await dataset.close();
  return hashes;
}

/** Checksum of all values, then of the lengths of the lists. */
function hashOf(rows: SequenceRow[], key: keyof SequenceRow): string {
  const hash = createHash('sha256');
  for (const row of rows) {
    const { buffer, byteOffset, byteLength } = row[key];
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  hash.update(new Uint8Array(Int32Array.from(rows, (row) => row[key].length).buffer));
  return hash.digest('hex');
}
