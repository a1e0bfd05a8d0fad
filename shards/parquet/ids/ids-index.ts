/** Where the pages of a row group's token ids lie, and how rows are unpacked from them. */
import type { PageSlot } from '../footer.ts';
import { readDictionaryPage } from '../pages.ts';
import type { RowGroupPlace } from '../row-group-place.ts';
import { rowLayout } from '../rows.ts';
import { SEQUENCE_COLUMNS } from '../schema.ts';
import { isIdentity } from './dictionary.ts';
import type { Dictionary, IdsPageForms, PagePlace } from './ids-page.ts';

/** The dictionary of a row group, and the places of its pages in the file. */
export interface IdsIndex {
  dictionary: Dictionary;
  slots: PageSlot[];
  /** The pages within the bytes of the column, where these were in memory. */
  pages?: PagePlace[];
}

/** Rows of a row group, and where their ids go. */
export interface WantedRows {
  first: number;
  rows: number;
  target: Uint16Array | Int32Array;
  offset: number;
}

/** @param page the dictionary page of the row group */
export function dictionaryIn(page: Buffer, vocabSize: number): Dictionary {
  const ids = readDictionaryPage(page, vocabSize);
  return { ids, isIdentity: isIdentity(ids) };
}

/**
 * The index of a row group whose column is in memory.
 * @param bytes the column of the ids, its dictionary in front
 * @returns undefined for pages of another form: the offset index of the file then says where they are
 */
export function indexIn(
  group: RowGroupPlace,
  bytes: Buffer,
  forms: IdsPageForms,
  { seqLen, vocabSize }: { seqLen: number; vocabSize: number },
): IdsIndex | undefined {
  const { pageRows } = rowLayout(seqLen);
  const chunk = group.columns.get(SEQUENCE_COLUMNS.ids)!;
  if (!chunk.dictionary) throw new RangeError('no dictionary');
  const { offset, length } = chunk.dictionary;
  const dictionary = dictionaryIn(bytes.subarray(0, length), vocabSize);
  const pages = forms.placesIn(bytes, length, group.rows, pageRows, dictionary.ids.length);
  const slots = pages?.map(({ at, end }, i) => {
    return { offset: offset + at, length: end - at, firstRow: i * pageRows };
  });
  return slots && { dictionary, slots, pages };
}

/** The pages that hold the rows. */
export function slotsOf(
  { slots }: IdsIndex,
  { first, rows }: Pick<WantedRows, 'first' | 'rows'>,
  seqLen: number,
): PageSlot[] {
  const { pageRows } = rowLayout(seqLen);
  return slots.slice(Math.floor(first / pageRows), Math.ceil((first + rows) / pageRows));
}

/**
 * Unpacks one row that has a page of its own, as long rows do.
 * @param bytes the whole column
 * @returns false when it has none, and {@link decodeRows} is needed
 * @throws RangeError when the page is damaged
 */
export function decodeRow(
  { pages, slots, dictionary }: IdsIndex,
  { first, rows, target, offset }: WantedRows,
  bytes: Buffer,
): boolean {
  const isAlone = rows === 1 && slots[first]?.firstRow === first && pages?.[first].form.rows === 1;
  if (!isAlone) return false;
  const { form, start, end, crc } = pages[first];
  form.decodeBody(bytes.subarray(start, end), crc, dictionary, target, offset);
  return true;
}

/**
 * Unpacks rows.
 * @param groupRows rows of the whole row group
 * @param bytes hold the pages of the rows
 * @param start place in the file at which `bytes` begin
 * @throws RangeError when a page is damaged
 */
export function decodeRows(
  { slots, dictionary }: IdsIndex,
  { first, rows, target, offset }: WantedRows,
  groupRows: number,
  seqLen: number,
  forms: IdsPageForms,
  bytes: Buffer,
  start: number,
): void {
  const { pageRows } = rowLayout(seqLen);
  for (const slot of slotsOf({ slots, dictionary }, { first, rows }, seqLen)) {
    const page = bytes.subarray(slot.offset - start, slot.offset - start + slot.length);
    const rowsHere = Math.min(pageRows, groupRows - slot.firstRow);
    const form = forms.of(rowsHere, dictionary.ids.length);
    const skipped = first - slot.firstRow;
    const at = offset - skipped * seqLen;
    if (skipped <= 0 && slot.firstRow + rowsHere <= first + rows) {
      form.decode(page, dictionary, target, at);
      continue;
    }
    // The page has several short rows, and only some of them are needed.
    const all = new Uint16Array(rowsHere * seqLen);
    form.decode(page, dictionary, all, 0);
    const from = Math.max(0, skipped);
    const to = Math.min(rowsHere, first + rows - slot.firstRow);
    target.set(all.subarray(from * seqLen, to * seqLen), at + from * seqLen);
  }
}
