/** The pages of one row group of sequences, from typed arrays and back. */
import type { ReadyPage } from 'parquetjs-lite';
import { bitWidth, copyWords, packBits, packedLength, unpackBits } from './bits.ts';
import type { ColumnPages } from './envelope.ts';
import { decodeLevels, encodeLevels, readVarint, writeVarint } from './levels.ts';
import { bytesOf, dataPage, dictionaryPage, readDataPage } from './pages.ts';
import { rowLayout, type SequenceRow } from './rows.ts';
import { SEQUENCE_COLUMNS } from './schema.ts';

const ALL_IDS = 65_536;

/**
 * @param rows of one row group, checked
 * @returns the columns in schema order, and how often each id occurs, [65,536]
 */
export function encodeRowGroup(
  rows: SequenceRow[],
  seqLen: number,
): { columns: ColumnPages[]; histogram: Uint32Array } {
  const histogram = new Uint32Array(ALL_IDS);
  for (const { ids } of rows) countIds(ids, histogram);
  const ranks = new Uint16Array(ALL_IDS);
  const present: number[] = [];
  for (let id = 0; id < ALL_IDS; id++) if (histogram[id] > 0) ranks[id] = present.push(id) - 1;
  const dictionary = Uint16Array.from(present);
  const width = bitWidth(dictionary.length);
  const { pageRows } = rowLayout(seqLen);
  const pages: ReadyPage[] = [];
  // Of every page in turn: fresh memory costs more than the bits that go in.
  const words = new Int32Array(Math.ceil(packedLength(pageRows * seqLen, width) / 4));
  for (let first = 0; first < rows.length; first += pageRows) {
    const ids = rows.slice(first, first + pageRows).map((row) => row.ids);
    pages.push({
      page: idsPage(ids, seqLen, ranks, width, words),
      num_values: ids.length * seqLen,
      first_row_index: first,
    });
  }
  const columns = [
    { path: SEQUENCE_COLUMNS.ids, dictionary: dictionaryPage(dictionary), pages },
    integerLists(
      SEQUENCE_COLUMNS.docIds,
      rows.map((row) => row.docIds),
    ),
    integerLists(
      SEQUENCE_COLUMNS.docStarts,
      rows.map((row) => row.docStarts),
    ),
  ];
  return { columns, histogram };
}

/** A function of its own: inside of the loop over rows it would be compiled too late to be fast. */
function countIds(ids: Uint16Array, histogram: Uint32Array): void {
  const whole = ids.length - (ids.length % 4);
  let i = 0;
  for (; i < whole; i += 4) {
    histogram[ids[i]]++;
    histogram[ids[i + 1]]++;
    histogram[ids[i + 2]]++;
    histogram[ids[i + 3]]++;
  }
  for (; i < ids.length; i++) histogram[ids[i]]++;
}

/** One bit-packed run of dictionary indices behind its width. */
function idsPage(
  rows: Uint16Array[],
  seqLen: number,
  ranks: Uint16Array,
  width: number,
  words: Int32Array,
): Buffer {
  const count = rows.length * seqLen;
  const groups = Math.ceil(count / 8);
  const head = new Uint8Array(6);
  head[0] = width;
  const headLength = writeVarint(groups * 2 + 1, head, 1);
  const length = packedLength(count, width);
  packBits(concat(rows, seqLen), ranks, width, words);
  const values = new Uint8Array(words.buffer, 0, length);
  const levels = encodeLevels(new Array<number>(rows.length).fill(seqLen));
  return dataPage('PLAIN_DICTIONARY', count, levels, head.subarray(0, headLength), values);
}

/** Rows need not end at a byte, so a page is packed as one. */
function concat(rows: Uint16Array[], seqLen: number): Uint16Array {
  if (rows.length === 1) return rows[0];
  const all = new Uint16Array(rows.length * seqLen);
  for (const [i, row] of rows.entries()) all.set(row, i * seqLen);
  return all;
}

/** Document lists are short: one plain page for the row group. */
function integerLists(path: string, lists: Int32Array[]): ColumnPages {
  const lengths = lists.map((list) => list.length);
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const page = dataPage('PLAIN', count, encodeLevels(lengths), ...lists.map(bytesOf));
  return { path, pages: [{ page, num_values: count, first_row_index: 0 }] };
}

/**
 * Unpacks a page of ids to `target` from `offset`.
 * @param table dictionary by index, zero-filled to 2 ** width entries
 * @param entries of the table that are the dictionary's
 * @param scratch room for the packed values of a page, in words
 * @throws RangeError when it is not what idsPage writes
 */
export function decodeIdsPage(
  page: Buffer,
  rows: number,
  seqLen: number,
  table: Uint16Array,
  entries: number,
  target: Uint16Array,
  offset: number,
  scratch: Int32Array,
): void {
  const count = rows * seqLen;
  const body = readDataPage(page, 'PLAIN_DICTIONARY', count);
  const levels = encodeLevels(new Array<number>(rows).fill(seqLen));
  if (!body.subarray(0, levels.length).equals(levels))
    throw new RangeError('rows of other lengths');
  const width = body[levels.length];
  const { value, end } = readVarint(body, levels.length + 1);
  if (width !== bitWidth(entries) || value !== Math.ceil(count / 8) * 2 + 1) {
    throw new RangeError('not one bit-packed run of dictionary indices');
  }
  if (body.length !== end + packedLength(count, width)) throw new RangeError('tokens cut short');
  copyWords(body.subarray(end), scratch);
  unpackBits(scratch, width, table, target, offset, count);
}

/** The lists of a column of document ids or starts, [rows] of views into one array. */
export function decodeIntegerLists(page: Buffer, rows: number, values: number): Int32Array[] {
  const body = readDataPage(page, 'PLAIN', values);
  const { lengths, end } = decodeLevels(body, rows, values);
  if (body.length !== end + values * 4) throw new RangeError('document lists cut short');
  const all = new Int32Array(values);
  bytesOf(all).set(body.subarray(end));
  const lists: Int32Array[] = [];
  for (let row = 0, at = 0; row < rows; at += lengths[row++]) {
    lists.push(all.subarray(at, at + lengths[row]));
  }
  return lists;
}
