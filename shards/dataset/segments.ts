/**
 * Assembles documents from packed rows. A document may begin in a shard of its partition and end in
 * the shard of the tails; it is joined from its segments in both.
 */

import { CodecLmError } from '../../base/error.ts';
import type { ColumnValue } from '../../schemas/columns.ts';
import type { ShardEntry } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import type { SequenceRow } from '../parquet/rows.ts';
import type { ShardPool } from './pool.ts';

/** The tokens of one document that lie in one row. */
export interface Segment {
  docId: number;
  ids: Uint16Array;
  /** Where the segment was found: shard as named in the manifest, row, and index in the row. */
  file: string;
  row: number;
  offset: number;
}

export interface DocumentTokens {
  docId: number;
  /** Ids `<bos> tokens <eos>`. */
  ids: Uint16Array;
  /** Values of the columns that travel along, by name; only where the dataset has some. */
  columns?: Record<string, ColumnValue>;
}

/** Rows per read; a read may span several row groups. */
const ROWS_AT_ONCE = 64;

/** All segments of the shards, in the order given; at most 64 rows are in memory at a time. */
export async function* segmentsOf(
  pool: ShardPool,
  shards: ShardEntry[],
  padId: number,
): AsyncGenerator<Segment> {
  for (const entry of shards) {
    for (let first = 0; first < entry.rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, entry.rows - first);
      const rows = await pool.use(entry, (shard) => shard.readRows(first, count));
      for (const [i, row] of rows.entries()) yield* cutRow(row, entry.file, first + i, padId);
    }
  }
}

export function* cutRow(
  row: SequenceRow,
  file: string,
  index: number,
  padId: number,
): Generator<Segment> {
  for (let i = 0; i < row.docIds.length; i++) {
    const end = i + 1 < row.docIds.length ? row.docStarts[i + 1] : row.ids.length;
    const ids = row.ids.subarray(row.docStarts[i], end);
    // Padding occurs only at the end of the last row of a split.
    const padding = i + 1 < row.docIds.length ? -1 : ids.indexOf(padId);
    yield {
      docId: row.docIds[i],
      ids: padding < 0 ? ids : ids.subarray(0, padding),
      file,
      row: index,
      offset: row.docStarts[i],
    };
  }
}

/** @throws CodecLmError `DATASET_INVALID` when the segments are not one whole document */
export function joinSegments(parts: Segment[], vocabSize: number): Uint16Array {
  const ids = new Uint16Array(parts.reduce((sum, part) => sum + part.ids.length, 0));
  let at = 0;
  for (const part of parts) {
    ids.set(part.ids, at);
    at += part.ids.length;
  }
  const { bosId, eosId } = specialIds(vocabSize);
  const problem =
    ids[0] !== bosId
      ? 'does not begin with <bos>'
      : ids.indexOf(eosId) !== ids.length - 1
        ? 'does not end with its only <eos>'
        : ids.lastIndexOf(bosId) !== 0 || ids.some((id) => id > eosId)
          ? 'holds <bos> or <pad> inside'
          : undefined;
  if (!problem) return ids;
  const [{ docId, file, row }] = parts;
  const where = `${file}, row ${row}`;
  throw new CodecLmError('DATASET_INVALID', `document ${docId} (${where}) ${problem}`, {
    hint: 'run shards verify to see which files are damaged',
  });
}
