/** What a packed sequence is in memory. */
import type { ShardEntry } from '../../schemas/dataset.ts';

/** One row of a shard. */
export interface SequenceRow {
  /** Token ids, [seqLen]. */
  ids: Uint16Array;
  /** Ids of the documents that lie in the row, ascending, at least one. */
  docIds: Int32Array;
  /**
   * Index in `ids` where each begins, [docIds.length], ascending. The first is 0:
   * it is <bos> of a document, or a document that continues from an earlier row.
   */
  docStarts: Int32Array;
}

/** What is known of a shard once it is written: its entry in the manifest. */
export type ShardSummary = ShardEntry;

/** Pages hold about 16 Ki tokens: a random row costs one small read. */
const PAGE_TOKENS = 16_384;
/** Row groups hold about 768 Ki tokens (1 MB): read and unpacked in milliseconds. */
const ROW_GROUP_TOKENS = 786_432;

/** How rows of a length are cut into pages and row groups; the same for every shard of a dataset. */
export function rowLayout(seqLen: number): { pageRows: number; rowGroupRows: number } {
  const pageRows = Math.max(1, Math.floor(PAGE_TOKENS / seqLen));
  const pages = Math.max(1, Math.floor(ROW_GROUP_TOKENS / (pageRows * seqLen)));
  return { pageRows, rowGroupRows: pages * pageRows };
}
