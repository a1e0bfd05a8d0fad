/** Rows as the loader takes them: read once where several sequences are cut from a row. */
import type { ShardEntry } from '../schemas/dataset.ts';
import type { ShardPool } from './pool.ts';

export interface LoadedRow {
  ids: Uint16Array;
  /** Only when asked for. */
  docStarts?: Int32Array;
}

/** Bounds the memory of a loader; a window of the shuffled order takes 25 MB. */
const CACHE_BYTES = 64 * 2 ** 20;

export class RowCache {
  private readonly pool: ShardPool;
  private readonly withDocuments: boolean;
  private readonly capacity: number;
  private readonly rows = new Map<string, Promise<LoadedRow>>();

  /** @param keeps whether a row is asked for more than once */
  constructor(pool: ShardPool, seqLen: number, keeps: boolean, withDocuments: boolean) {
    this.pool = pool;
    this.withDocuments = withDocuments;
    this.capacity = keeps ? Math.max(1, Math.floor(CACHE_BYTES / (seqLen * 2))) : 0;
  }

  read(shard: ShardEntry, row: number): Promise<LoadedRow> {
    if (this.capacity === 0) return this.load(shard, row);
    const key = `${shard.file}:${row}`;
    const known = this.rows.get(key) ?? this.load(shard, row);
    // Moved to the end, so that the first is the one not used for longest.
    this.rows.delete(key);
    this.rows.set(key, known);
    if (this.rows.size > this.capacity) this.rows.delete(this.rows.keys().next().value!);
    known.catch(() => this.rows.delete(key));
    return known;
  }

  private load(entry: ShardEntry, row: number): Promise<LoadedRow> {
    return this.pool.use(entry, async (shard) => {
      const ids = await shard.readIds(row, 1);
      if (!this.withDocuments) return { ids };
      const { docStarts } = await shard.readDocumentsOf(row);
      return { ids, docStarts };
    });
  }
}
