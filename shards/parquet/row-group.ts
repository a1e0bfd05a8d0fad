/** Converts typed arrays to the pages of one row group of sequences, and back. */
import type { ReadyPage } from 'parquetjs-lite';
import type { ColumnPages } from './envelope.ts';
import { dictionaryOf, indicesOf } from './ids/dictionary.ts';
import { IdsPageForms } from './ids/ids-page.ts';
import { decodeLevels, encodeLevels } from './levels.ts';
import { dataPage, dictionaryPage, readDataPage, viewBytes } from './pages.ts';
import { rowLayout, type SequenceRow } from './rows.ts';
import { SEQUENCE_COLUMNS } from './schema.ts';

/**
 * Number of buffers: pages of one row group may still be written while those of the next are made.
 */
const BUFFERS = 2;

/**
 * Encodes the row groups of one file in reused memory, because fresh memory costs more than packing
 * the bits.
 */
export class RowGroupEncoder {
  readonly #seqLen: number;
  readonly #vocabSize: number;
  readonly #pageRows: number;
  readonly #buffers: Buffer[] = [];
  readonly #forms: IdsPageForms;
  /** Ids or indices of a page that are not simply those of one row. */
  #scratch = new Uint16Array(0);
  #turn = 0;

  constructor(seqLen: number, vocabSize: number) {
    this.#seqLen = seqLen;
    this.#vocabSize = vocabSize;
    this.#forms = new IdsPageForms(seqLen);
    this.#pageRows = rowLayout(seqLen).pageRows;
  }

  /**
   * @param rows rows of one row group, already checked
   * @returns the columns in schema order; their pages stay valid until the call after the next
   */
  encode(rows: SequenceRow[]): ColumnPages[] {
    return [
      this.#encodeIds(rows.map((row) => row.ids)),
      integerLists(
        SEQUENCE_COLUMNS.docIds,
        rows.map((row) => row.docIds),
      ),
      integerLists(
        SEQUENCE_COLUMNS.docStarts,
        rows.map((row) => row.docStarts),
      ),
    ];
  }

  #encodeIds(rows: Uint16Array[]): ColumnPages {
    const seqLen = this.#seqLen;
    const pageRows = this.#pageRows;
    const dictionary = dictionaryOf(rows, this.#vocabSize);
    const indices = dictionary.isIdentity ? undefined : indicesOf(dictionary, this.#vocabSize);
    const entries = dictionary.ids.length;
    const pages: ReadyPage[] = [];
    const { room } = this.#forms.of(Math.min(pageRows, rows.length), entries);
    const buffer = this.#nextBuffer(Math.ceil(rows.length / pageRows) * room);
    for (let first = 0, at = 0; first < rows.length; first += pageRows, at += room) {
      const some = rows.slice(first, first + pageRows);
      const form = this.#forms.of(some.length, entries);
      const page = form.encode(this.#join(some, indices), buffer, at);
      pages.push({ page, num_values: some.length * seqLen, first_row_index: first });
    }
    return { path: SEQUENCE_COLUMNS.ids, dictionary: dictionaryPage(dictionary.ids), pages };
  }

  /**
   * Joins the rows of a page: a packed row need not end at a byte, so a page is packed as a whole.
   */
  #join(rows: Uint16Array[], indices: Uint16Array | undefined): Uint16Array {
    if (rows.length === 1 && !indices) return rows[0];
    const count = rows.length * this.#seqLen;
    if (this.#scratch.length < count) this.#scratch = new Uint16Array(count);
    const all = this.#scratch.subarray(0, count);
    for (const [i, row] of rows.entries()) all.set(row, i * this.#seqLen);
    if (indices) lookUp(all, indices);
    return all;
  }

  #nextBuffer(length: number): Buffer {
    this.#turn = (this.#turn + 1) % BUFFERS;
    const buffer = this.#buffers[this.#turn];
    if (buffer?.length >= length) return buffer;
    this.#buffers[this.#turn] = Buffer.allocUnsafe(length);
    return this.#buffers[this.#turn];
  }
}

function lookUp(values: Uint16Array, table: Uint16Array): void {
  for (let i = 0; i < values.length; i++) values[i] = table[values[i]];
}

/** Document lists are short: a row group has one plain page for them. */
function integerLists(path: string, lists: Int32Array[]): ColumnPages {
  const lengths = lists.map((list) => list.length);
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const page = dataPage('PLAIN', count, encodeLevels(lengths), ...lists.map(viewBytes));
  return { path, pages: [{ page, num_values: count, first_row_index: 0 }] };
}

/** Decodes the lists of a column of document ids or starts: [rows] views into one array. */
export function decodeIntegerLists(page: Buffer, rows: number, values: number): Int32Array[] {
  const body = readDataPage(page, 'PLAIN', values);
  const { lengths, end } = decodeLevels(body, rows, values);
  if (body.length !== end + values * 4) throw new RangeError('document lists cut short');
  const all = new Int32Array(values);
  viewBytes(all).set(body.subarray(end));
  const lists: Int32Array[] = [];
  for (let row = 0, at = 0; row < rows; at += lengths[row++]) {
    lists.push(all.subarray(at, at + lengths[row]));
  }
  return lists;
}
