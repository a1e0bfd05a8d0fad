/**
 * The work that is measured on our side: one shard of 512 rows of the paper's length, written,
 * read, loaded.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import parquet from 'parquetjs-lite';
import type { Manifest } from '../../schemas/dataset.ts';
import { tokenizerHash } from '../../shards/dataset/manifest.ts';
import { ShardPool } from '../../shards/dataset/pool.ts';
import { Loader } from '../../shards/loader/loader.ts';
import { openShard } from '../../shards/parquet/reader.ts';
import type { SequenceRow, ShardSummary } from '../../shards/parquet/rows.ts';
import { sequenceSchema } from '../../shards/parquet/schema.ts';
import { writeSequenceShard } from '../../shards/parquet/writer.ts';
import { header } from '../../test/helpers/dataset.ts';

export const SEQ_LEN = 12_288;
const VOCAB_SIZE = 579;
const ROWS = 512;
/** The row API is slow: it is given the first few. */
const FEW_ROWS = 24;
export const TOKENS = ROWS * SEQ_LEN;
export const FEW_TOKENS = FEW_ROWS * SEQ_LEN;

export class Work {
  readonly shard: string;
  readonly #dir: string;
  readonly #rows = makeRows();
  readonly #ids = new Uint16Array(TOKENS);
  #tokenizerHash = '';
  #entry?: ShardSummary;

  /** @param dir with a folder `shards` */
  constructor(dir: string) {
    this.#dir = dir;
    this.shard = join(dir, 'shards', 'part-00000.parquet');
  }

  /** The loader asks for the tokenizer that the shards were made with. */
  async prepare(): Promise<void> {
    const json = Buffer.from('{}');
    await writeFile(join(this.#dir, 'tokenizer.json'), json);
    this.#tokenizerHash = tokenizerHash(json);
  }

  /** Like the pipeline: hashed, synced and renamed into place. */
  async write(): Promise<void> {
    const own = { vocabSize: VOCAB_SIZE, seqLen: SEQ_LEN, tokenizerHash: this.#tokenizerHash };
    this.#entry = await writeSequenceShard(this.shard, this.#rows, { ...header, ...own });
  }

  get bytesPerToken(): number {
    return this.#entry!.bytes / TOKENS;
  }

  /** All ids to one array, which is there: pyarrow takes its memory from a pool as well. */
  async read(): Promise<void> {
    const shard = await openShard(this.shard);
    await shard.readIdsInto(this.#ids, 0, 0, ROWS);
    await shard.close();
  }

  /** Two ranks, each through a pool of its own, one after the other. */
  async load(): Promise<void> {
    const manifest = manifestOf(this.#entry!, this.#tokenizerHash);
    for (const rank of [0, 1]) {
      const pool = new ShardPool(this.#dir, manifest);
      const loader = new Loader(manifest, pool, { rank, worldSize: 2, microBatch: 4, epochs: 1 });
      for await (const _ of loader);
      await pool.close();
    }
  }

  async writeByRows(): Promise<void> {
    const writer = await parquet.ParquetWriter.openFile(sequenceSchema(), this.#byRows);
    const list = (values: ArrayLike<number>) => ({
      list: Array.from(values, (element) => ({ element })),
    });
    for (const { ids, docIds, docStarts } of this.#rows.slice(0, FEW_ROWS)) {
      const row = { input_ids: list(ids), doc_ids: list(docIds), doc_starts: list(docStarts) };
      await writer.appendRow(row);
    }
    await writer.close();
  }

  async readByRows(): Promise<void> {
    const reader = await parquet.ParquetReader.openFile(this.#byRows);
    const cursor = reader.getCursor();
    while (await cursor.next());
    await reader.close();
  }

  get #byRows(): string {
    return join(this.#dir, 'rows.parquet');
  }
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

function manifestOf(entry: ShardSummary, hash: string): Manifest {
  return {
    formatVersion: 1 as const,
    createdBy: 'bench',
    codec: header.codec,
    tokenizerHash: hash,
    vocabSize: VOCAB_SIZE,
    seqLen: SEQ_LEN,
    partitions: 1,
    config: {},
    shards: [entry],
    documents: [],
    totals: {
      inputs: 0,
      documents: 0,
      failures: 0,
      failuresByCode: {},
      documentBytes: 0,
      tokens: entry.tokens,
      padding: 0,
      rows: ROWS,
      shardBytes: entry.bytes,
    },
  };
}
