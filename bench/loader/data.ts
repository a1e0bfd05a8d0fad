/** The tokens that loaders read in the benchmarks: a dataset of ours, and the same rows as raw integers. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest, ShardEntry } from '../../schemas/dataset.ts';
import { tokenizerHash, writeManifest } from '../../shards/dataset/manifest.ts';
import type { SequenceRow } from '../../shards/parquet/rows.ts';
import { writeSequenceShard } from '../../shards/parquet/writer.ts';
import { header } from '../../test/helpers/dataset.ts';

/** As the paper's images: rows of 12,288 tokens, 579 ids. */
export const SEQ_LEN = 12_288;
const VOCAB_SIZE = 579;
const ROWS_PER_SHARD = 512;

/**
 * @param folder gets `ours/`, a dataset, and `tokens.bin`, the rows in order as 16-bit integers
 */
export async function makeTokens(folder: string, shards: number): Promise<void> {
  const dir = join(folder, 'ours');
  await mkdir(join(dir, 'shards'), { recursive: true });
  if ((await readdir(dir)).includes('dataset.json')) return;
  const json = Buffer.from('{}');
  await writeFile(join(dir, 'tokenizer.json'), json);
  const own = { vocabSize: VOCAB_SIZE, seqLen: SEQ_LEN, tokenizerHash: tokenizerHash(json) };
  const raw = createWriteStream(join(folder, 'tokens.bin'));
  const entries: ShardEntry[] = [];
  for (let partition = 0; partition < shards; partition++) {
    const rows = makeRows(partition);
    const name = `part-${String(partition).padStart(5, '0')}.parquet`;
    const shard = { ...header, ...own, partition };
    entries.push(await writeSequenceShard(join(dir, 'shards', name), rows, shard));
    for (const { ids } of rows) {
      if (!raw.write(new Uint8Array(ids.buffer))) await once(raw, 'drain');
    }
  }
  raw.end();
  await once(raw, 'close');
  await writeManifest(dir, manifestOf(entries, own.tokenizerHash));
}

/** Ids as uneven as those of images: the frequent ones about ten times as frequent as the median. */
function makeRows(seed: number): SequenceRow[] {
  let state = seed + 1;
  return Array.from({ length: ROWS_PER_SHARD }, (_, row) => {
    const ids = new Uint16Array(SEQ_LEN);
    for (let i = 0; i < SEQ_LEN; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const part = state / 2 ** 32;
      ids[i] = Math.floor(part * Math.sqrt(part) * (VOCAB_SIZE - 3));
    }
    const docId = seed * ROWS_PER_SHARD + row;
    return { ids, docIds: Int32Array.of(docId), docStarts: Int32Array.of(0) };
  });
}

function manifestOf(shards: ShardEntry[], hash: string): Manifest {
  const sum = (of: (entry: ShardEntry) => number) => shards.reduce((all, s) => all + of(s), 0);
  return {
    formatVersion: 1 as const,
    createdBy: 'bench',
    codec: header.codec,
    tokenizerHash: hash,
    vocabSize: VOCAB_SIZE,
    seqLen: SEQ_LEN,
    partitions: shards.length,
    config: {},
    shards,
    documents: [],
    totals: {
      inputs: 0,
      documents: 0,
      failures: 0,
      failuresByCode: {},
      documentBytes: 0,
      tokens: sum(({ tokens }) => tokens),
      padding: 0,
      rows: sum(({ rows }) => rows),
      shardBytes: sum(({ bytes }) => bytes),
    },
  };
}
