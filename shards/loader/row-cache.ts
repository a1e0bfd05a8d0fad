/** Reads rows for the loader, and caches a row while several sequences are cut from it. */
import type { ShardEntry } from '../../schemas/dataset.ts';
import type { ShardPool } from '../dataset/pool.ts';
import { GroupCache } from '../parquet/kept-bytes.ts';

export interface LoadedRow {
  ids: Uint16Array;
  /** Only present when documents were requested. */
  docStarts?: Int32Array;
}

/** Limits the memory of a loader, in bytes; a window of the shuffled order takes 25 MB. */
const CACHE_BYTES = 64 * 2 ** 20;

/**
 * Up to this many ranks (usually those of one machine), each rank reads all row groups completely.
 */
const MAX_RANKS_OF_GROUPS = 8;

export class RowCache {
  readonly #pool: ShardPool;
  readonly #withDocuments: boolean;
  readonly #capacity: number;
  /** Absent with many ranks: each of them needs only a few rows of a row group. */
  readonly #groups?: GroupCache;
  readonly #rows = new Map<string, Promise<LoadedRow>>();

  /** @param seqLen tokens per row */
  constructor(pool: ShardPool, seqLen: number, worldSize: number, withDocuments: boolean) {
    if (worldSize <= MAX_RANKS_OF_GROUPS) this.#groups = new GroupCache();
    this.#pool = pool;
    this.#withDocuments = withDocuments;
    this.#capacity = Math.max(1, Math.floor(CACHE_BYTES / (seqLen * 2)));
  }

  /**
   * Reads a row that is needed only once: copies its ids to `target` from index `at`.
   * @returns the document starts of the row, if documents were requested
   */
  readInto(
    target: Int32Array,
    at: number,
    entry: ShardEntry,
    row: number,
  ): Promise<Int32Array | undefined> {
    return this.#pool.use(entry, async (shard) => {
      await shard.readIdsInto(target, at, row, 1, this.#groups);
      return this.#withDocuments ? (await shard.readDocumentsOf(row)).docStarts : undefined;
    });
  }

  /**
   * The same at once, if the row group is in memory and no documents were requested.
   * @returns false when the row has to be read by {@link readInto}
   */
  readNow(target: Int32Array, at: number, entry: ShardEntry, row: number): boolean {
    if (this.#withDocuments || !this.#groups) return false;
    return this.#pool.peek(entry)?.readIdsNow(target, at, row, this.#groups) ?? false;
  }

  /** Brings the row group of a row near, before its rows are asked for. */
  warm(entry: ShardEntry, row: number): Promise<void> {
    return this.#pool.use(entry, (shard) => shard.warm(row, this.#groups));
  }

  /** How many row groups like those of a shard fit into the cache beside `others`; 0 without a cache. */
  roomBeside({ bytes, rows, rowGroupRows }: ShardEntry, others: number): number {
    if (!this.#groups) return 0;
    const size = Math.max(1, (bytes / rows) * Math.min(rows, rowGroupRows));
    return Math.max(0, Math.floor(this.#groups.capacity / size) - others);
  }

  read(shard: ShardEntry, row: number): Promise<LoadedRow> {
    const key = `${shard.file}:${row}`;
    const known = this.#rows.get(key) ?? this.#load(shard, row);
    // Moved to the end, so that the first entry is the least recently used.
    this.#rows.delete(key);
    this.#rows.set(key, known);
    if (this.#rows.size > this.#capacity) this.#rows.delete(this.#rows.keys().next().value!);
    known.catch(() => this.#rows.delete(key));
    return known;
  }

  #load(entry: ShardEntry, row: number): Promise<LoadedRow> {
    return this.#pool.use(entry, async (shard) => {
      const ids = new Uint16Array(shard.metadata.seqLen);
      await shard.readIdsInto(ids, 0, row, 1, this.#groups);
      if (!this.#withDocuments) return { ids };
      const { docStarts } = await shard.readDocumentsOf(row);
      return { ids, docStarts };
    });
  }
}
