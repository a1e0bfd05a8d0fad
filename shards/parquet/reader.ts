/** Reads a shard of packed sequences: any row, at the cost of the pages that hold it. */

import { CodecLmError } from '../../base/error.ts';
import type { ShardMetadata } from '../../schemas/dataset.ts';
import { isIdentity } from './dictionary.ts';
import { type FarOptions, type PageSlot, ParquetFile, type RowGroupPlace } from './footer.ts';
import type { GroupCache } from './group-cache.ts';
import { type Dictionary, IdsPageForms } from './ids-page.ts';
import { readDictionaryPage } from './pages.ts';
import { decodeIntegerLists } from './row-group.ts';
import { rowLayout, type SequenceRow } from './rows.ts';
import { SEQUENCE_COLUMNS, sequenceSchema } from './schema.ts';
import { checkShape, parseMetadata } from './shard-metadata.ts';
import { problemOfDocuments } from './writer.ts';

/** Document lists of a row group, by row of the group. */
interface DocumentLists {
  docIds: Int32Array[];
  docStarts: Int32Array[];
}

/** The dictionary of a row group, and the places of its pages. */
interface IdsIndex {
  dictionary: Dictionary;
  slots: PageSlot[];
}

/** Number of row groups whose index is cached; more would only help random access. */
const CACHED_GROUPS = 32;

export class Shard {
  readonly path: string;
  readonly metadata: ShardMetadata;
  readonly rowCount: number;
  /** Size of the file in bytes. */
  readonly bytes: number;
  readonly #file: ParquetFile;
  /** A buffer of an earlier read, kept for reuse while no read uses it. */
  #spare?: Buffer;
  readonly #forms: IdsPageForms;
  readonly #ids = new Map<RowGroupPlace, Promise<IdsIndex>>();
  readonly #lists = new Map<RowGroupPlace, Promise<DocumentLists>>();

  constructor(file: ParquetFile, metadata: ShardMetadata) {
    this.#file = file;
    this.path = file.path;
    this.metadata = metadata;
    this.#forms = new IdsPageForms(metadata.seqLen);
    this.rowCount = file.rowCount;
    this.bytes = file.size;
  }

  /**
   * Reads only the tokens.
   * @returns rows `start` to `start + count - 1`, [count * seqLen]
   * @throws CodecLmError `SHARD_INVALID`; `INTERNAL` for rows outside of the shard
   */
  async readIds(start: number, count: number): Promise<Uint16Array> {
    const ids = new Uint16Array(count * this.metadata.seqLen);
    await this.readIdsInto(ids, 0, start, count);
    return ids;
  }

  /**
   * Reads the tokens into `target` from index `at`, so that memory can be reused.
   * @param groups cache of whole row groups for later reads
   */
  async readIdsInto(
    target: Uint16Array | Int32Array,
    at: number,
    start: number,
    count: number,
    groups?: GroupCache,
  ): Promise<void> {
    this.#checkRange(start, count);
    for (const { group, first, rows } of this.#groupsOf(start, count)) {
      const offset = at + (group.firstRow + first - start) * this.metadata.seqLen;
      await this.#file.guard(`row group at row ${group.firstRow}`, () =>
        this.#readGroupIds(group, first, rows, target, offset, groups),
      );
    }
  }

  /** Reads rows with the documents that lie in them. */
  async readRows(start: number, count: number): Promise<SequenceRow[]> {
    const all = await this.readIds(start, count);
    const rows: SequenceRow[] = [];
    const { seqLen } = this.metadata;
    for (const { group, first, rows: taken } of this.#groupsOf(start, count)) {
      const { docIds, docStarts } = await this.#readLists(group);
      for (let row = first; row < first + taken; row++) {
        const ids = all.subarray(rows.length * seqLen, (rows.length + 1) * seqLen);
        rows.push({ ids, docIds: docIds[row], docStarts: docStarts[row] });
      }
    }
    return rows;
  }

  async readRow(index: number): Promise<SequenceRow> {
    return (await this.readRows(index, 1))[0];
  }

  /** Reads only the documents of a row, without its tokens. */
  async readDocumentsOf(index: number): Promise<Omit<SequenceRow, 'ids'>> {
    this.#checkRange(index, 1);
    const [{ group, first }] = [...this.#groupsOf(index, 1)];
    const { docIds, docStarts } = await this.#readLists(group);
    return { docIds: docIds[first], docStarts: docStarts[first] };
  }

  /** All rows in order; one row group is in memory at a time. */
  async *rows(): AsyncGenerator<SequenceRow> {
    for (const group of this.#file.rowGroups) {
      yield* await this.readRows(group.firstRow, group.rows);
    }
  }

  /** Brings the row group of a row near, if the shard is a far one. */
  async warm(row: number): Promise<void> {
    const group = this.#file.rowGroups[Math.floor(row / this.metadata.counts.rowGroupRows)];
    await this.#file.readUnit(group);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #checkRange(start: number, count: number): void {
    if (start >= 0 && count >= 0 && start + count <= this.rowCount) return;
    throw new CodecLmError(
      'INTERNAL',
      `${this.path}: rows ${start} to ${start + count - 1} requested, of ${this.rowCount}`,
    );
  }

  /** The row groups that the rows lie in, with the range of rows in each group. */
  *#groupsOf(start: number, count: number) {
    const size = this.metadata.counts.rowGroupRows;
    const end = start + count;
    for (let row = start; row < end; ) {
      const group = this.#file.rowGroups[Math.floor(row / size)];
      const first = row - group.firstRow;
      const rows = Math.min(end, group.firstRow + group.rows) - row;
      yield { group, first, rows };
      row += rows;
    }
  }

  async #readGroupIds(
    group: RowGroupPlace,
    first: number,
    rows: number,
    target: Uint16Array | Int32Array,
    offset: number,
    groups?: GroupCache,
  ): Promise<void> {
    const { seqLen } = this.metadata;
    const { pageRows } = rowLayout(seqLen);
    const index = await cached(this.#ids, group, () => this.#readIndex(group));
    const firstPage = Math.floor(first / pageRows);
    const slots = index.slots.slice(firstPage, Math.ceil((first + rows) / pageRows));
    const { bytes, start } = await this.#readPages(group, slots, groups);
    for (const slot of slots) {
      const page = bytes.subarray(slot.offset - start, slot.offset - start + slot.length);
      const rowsHere = Math.min(pageRows, group.rows - slot.firstRow);
      const form = this.#forms.of(rowsHere, index.dictionary.ids.length);
      const skipped = first - slot.firstRow;
      const at = offset - skipped * seqLen;
      if (skipped <= 0 && slot.firstRow + rowsHere <= first + rows) {
        form.decode(page, index.dictionary, target, at);
        continue;
      }
      // The page has several short rows, and only some of them are needed.
      const all = new Uint16Array(rowsHere * seqLen);
      form.decode(page, index.dictionary, all, 0);
      const from = Math.max(0, skipped);
      const to = Math.min(rowsHere, first + rows - slot.firstRow);
      target.set(all.subarray(from * seqLen, to * seqLen), at + from * seqLen);
    }
    if (!groups) this.#spare = bytes;
  }

  /** Reads the pages with one read, because pages of neighbouring rows are adjacent. */
  async #readPages(group: RowGroupPlace, slots: PageSlot[], groups?: GroupCache) {
    if (groups) {
      const { offset: start, length } = group.columns.get(SEQUENCE_COLUMNS.ids)!.data;
      const bytes = await groups.get(group, length, () => this.#file.read(start, length));
      return { bytes, start };
    }
    const start = slots[0].offset;
    const last = slots[slots.length - 1];
    const spare = this.#spare;
    this.#spare = undefined;
    const bytes = await this.#file.read(start, last.offset + last.length - start, spare);
    return { bytes, start };
  }

  async #readIndex(group: RowGroupPlace): Promise<IdsIndex> {
    const { seqLen, vocabSize } = this.metadata;
    const chunk = group.columns.get(SEQUENCE_COLUMNS.ids)!;
    if (!chunk.dictionary) throw new RangeError('no dictionary');
    const { offset, length } = chunk.dictionary;
    const ids = readDictionaryPage(await this.#file.read(offset, length), vocabSize);
    const slots = await this.#file.readPageSlots(group, SEQUENCE_COLUMNS.ids);
    const { pageRows } = rowLayout(seqLen);
    const isRegular = slots.every((slot, i) => slot.firstRow === i * pageRows);
    if (!isRegular || slots.length !== Math.ceil(group.rows / pageRows)) {
      throw new RangeError('page sizes are not those of this project');
    }
    return { dictionary: { ids, isIdentity: isIdentity(ids) }, slots };
  }

  #readLists(group: RowGroupPlace): Promise<DocumentLists> {
    return cached(this.#lists, group, () =>
      this.#file.guard(`row group at row ${group.firstRow}`, async () => {
        const lists = await Promise.all(
          [SEQUENCE_COLUMNS.docIds, SEQUENCE_COLUMNS.docStarts].map(async (path) => {
            const { data, values } = group.columns.get(path)!;
            const page = await this.#file.read(data.offset, data.length);
            return decodeIntegerLists(page, group.rows, values);
          }),
        );
        const [docIds, docStarts] = lists;
        for (let row = 0; row < group.rows; row++) {
          const documents = { docIds: docIds[row], docStarts: docStarts[row] };
          const problem = problemOfDocuments(documents, this.metadata.seqLen);
          if (problem) throw new RangeError(`row ${group.firstRow + row}: ${problem}`);
        }
        return { docIds, docStarts };
      }),
    );
  }
}

/** Caches what was read last; does not cache a failed read. */
function cached<K, V>(map: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known) return known;
  const value = read();
  map.set(key, value);
  value.catch(() => map.delete(key));
  if (map.size > CACHED_GROUPS) map.delete(map.keys().next().value!);
  return value;
}

/**
 * Opens a shard: reads and checks the footer. Rows are read on request.
 * @param far where the row groups of a shard in object storage are kept
 * @throws CodecLmError `SHARD_INVALID` that says what is wrong, `INPUT_NOT_FOUND`
 */
export async function openShard(path: string, far?: FarOptions): Promise<Shard> {
  const file = await ParquetFile.open(path, sequenceSchema(), far);
  try {
    const metadata = parseMetadata(file);
    checkShape(file, metadata);
    return new Shard(file, metadata);
  } catch (error) {
    await file.close();
    throw error;
  }
}
