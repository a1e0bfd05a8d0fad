/** Reads a shard of packed sequences: any row, at the cost of the pages that hold it. */

import { CodecLmError } from '../../base/error.ts';
import type { ShardMetadata } from '../../schemas/dataset.ts';
import { type FarOptions, type PageSlot, ParquetFile, type RowGroupPlace } from './footer.ts';
import {
  decodeRow,
  decodeRows,
  dictionaryIn,
  type IdsIndex,
  indexIn,
  slotsOf,
  type WantedRows,
} from './ids/ids-index.ts';
import { IdsPageForms } from './ids/ids-page.ts';
import type { GroupCache } from './kept-bytes.ts';
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
  readonly #found = new Map<RowGroupPlace, IdsIndex>();
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
      await this.#file.guard(describe(group), () =>
        this.#readGroupIds(group, { first, rows, target, offset }, groups),
      );
    }
  }

  /**
   * Reads the tokens of a row at once if its row group is in memory: a promise for each row, and those
   * within it, would cost more than unpacking.
   * @returns false when the row group has to be read first
   */
  readIdsNow(
    target: Uint16Array | Int32Array,
    at: number,
    row: number,
    groups: GroupCache,
  ): boolean {
    const group = this.#file.rowGroups[Math.floor(row / this.metadata.counts.rowGroupRows)];
    const bytes = group && this.#file.peekColumn(group, SEQUENCE_COLUMNS.ids, groups);
    if (!bytes) return false;
    const wanted = { first: row - group.firstRow, rows: 1, target, offset: at };
    return this.#file.guardNow(describe(group), () => this.#decodeColumn(group, wanted, bytes));
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

  /** Brings the row group of a row near: into `groups`, or into the cache of a far shard. */
  async warm(row: number, groups?: GroupCache): Promise<void> {
    const group = this.#file.rowGroups[Math.floor(row / this.metadata.counts.rowGroupRows)];
    await this.#file.warm(group, SEQUENCE_COLUMNS.ids, groups);
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
    wanted: WantedRows,
    groups?: GroupCache,
  ): Promise<void> {
    if (groups) {
      const isDone = await this.#file.useColumn(group, SEQUENCE_COLUMNS.ids, groups, (bytes) =>
        this.#decodeColumn(group, wanted, bytes),
      );
      if (isDone) return;
    }
    const { seqLen } = this.metadata;
    const index = await cached(this.#ids, group, () => this.#readIndex(group));
    const slots = slotsOf(index, wanted, seqLen);
    const bytes = await this.#readPages(slots);
    decodeRows(index, wanted, group.rows, seqLen, this.#forms, bytes, slots[0].offset);
    this.#spare = bytes;
  }

  /**
   * @param bytes the whole column of the ids
   * @returns false for pages of another form, which only the offset index of the file finds
   */
  #decodeColumn(group: RowGroupPlace, wanted: WantedRows, bytes: Buffer): boolean {
    const index = this.#indexIn(group, bytes);
    if (!index) return false;
    if (decodeRow(index, wanted, bytes)) return true;
    const { dictionary, data } = group.columns.get(SEQUENCE_COLUMNS.ids)!;
    const start = (dictionary ?? data).offset;
    decodeRows(index, wanted, group.rows, this.metadata.seqLen, this.#forms, bytes, start);
    return true;
  }

  /** Reads the pages with one read, because pages of neighbouring rows are adjacent. */
  async #readPages(slots: PageSlot[]): Promise<Buffer> {
    const start = slots[0].offset;
    const last = slots[slots.length - 1];
    const spare = this.#spare;
    this.#spare = undefined;
    return this.#file.read(start, last.offset + last.length - start, spare);
  }

  #indexIn(group: RowGroupPlace, bytes: Buffer): IdsIndex | undefined {
    const known = this.#found.get(group);
    if (known) return known;
    const index = indexIn(group, bytes, this.#forms, this.metadata);
    if (index) keep(this.#found, group, index);
    return index;
  }

  async #readIndex(group: RowGroupPlace): Promise<IdsIndex> {
    const { seqLen, vocabSize } = this.metadata;
    const chunk = group.columns.get(SEQUENCE_COLUMNS.ids)!;
    if (!chunk.dictionary) throw new RangeError('no dictionary');
    const { offset, length } = chunk.dictionary;
    const dictionary = dictionaryIn(await this.#file.read(offset, length), vocabSize);
    const slots = await this.#file.readPageSlots(group, SEQUENCE_COLUMNS.ids);
    const { pageRows } = rowLayout(seqLen);
    const isRegular = slots.every((slot, i) => slot.firstRow === i * pageRows);
    if (!isRegular || slots.length !== Math.ceil(group.rows / pageRows)) {
      throw new RangeError('page sizes are not those of this project');
    }
    return { dictionary, slots };
  }

  #readLists(group: RowGroupPlace): Promise<DocumentLists> {
    return cached(this.#lists, group, () =>
      this.#file.guard(describe(group), async () => {
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

function describe({ firstRow }: RowGroupPlace): string {
  return `row group at row ${firstRow}`;
}

/** Caches what was read last; does not cache a failed read. */
function cached<K, V>(map: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const known = map.get(key);
  if (known) return known;
  const value = read();
  keep(map, key, value);
  value.catch(() => map.delete(key));
  return value;
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size > CACHED_GROUPS) map.delete(map.keys().next().value!);
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
