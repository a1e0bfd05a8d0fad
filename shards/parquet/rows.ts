/** The form of packed sequences in memory. */
import type { ShardEntry } from '../../schemas/dataset.ts';

/** One row of a shard. */
export interface SequenceRow {
  /** Token ids, [seqLen]. */
  ids: Uint16Array;
  /** Ids of the documents that lie in the row, ascending, at least one. */
  docIds: Int32Array;
  /**
   * Index in `ids` at which each document begins, [docIds.length], ascending. The first is 0: there
   * a document begins with <bos>, or continues from an earlier row.
   */
  docStarts: Int32Array;
}

/** Facts about a shard after it was written: its entry in the manifest. */
export type ShardSummary = ShardEntry;

/** Tokens per page, about 16 Ki: a random row costs one small read. */
const PAGE_TOKENS = 16_384;
/** Tokens per row group, about 768 Ki (1 MB): it is read and unpacked in milliseconds. */
const ROW_GROUP_TOKENS = 786_432;

/** Rows per page and per row group for a row length; the same for every shard of a dataset. */
export function rowLayout(seqLen: number): { pageRows: number; rowGroupRows: number } {
  const pageRows = Math.max(1, Math.floor(PAGE_TOKENS / seqLen));
  const pages = Math.max(1, Math.floor(ROW_GROUP_TOKENS / (pageRows * seqLen)));
  return { pageRows, rowGroupRows: pages * pageRows };
}
