/**
 * Opens a Parquet file of this project. Every offset and length in it is checked against the file
 * size before use, so that a damaged file gives an error and nothing worse.
 */
import type { ParquetSchema } from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import { CodecLmError, messageOf, systemCode } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isRemote, type OpenFile, storageAt } from '../../base/storage/index.ts';
import { METADATA_KEY } from '../../schemas/dataset.ts';
import { farFile } from './far-file.ts';
import {
  type ColumnMetadata,
  type FileMetadata,
  readFileMetadata,
  readOffsetIndex,
} from './file-metadata.ts';
import type { KeptBytes } from './kept-bytes.ts';
import { type Chunk, columnSpan, type RowGroupPlace } from './row-group-place.ts';
import { isSchema } from './schema.ts';
import { groupSpan, type ReadRange, type Units } from './units.ts';

export type { RowGroupPlace } from './row-group-place.ts';

/**
 * Largest footer in bytes: a row group takes about 600 bytes, so a million rows of 12,288 tokens
 * fit.
 */
const MAX_FOOTER = 64 * 2 ** 20;
/** Longest read in bytes: a row group has about 1 MB, one row of MAX_SEQ_LEN 32 MB. */
const MAX_READ = 256 * 2 ** 20;
const MIN_FILE = 12;
const MAGIC = 'PAR1';
/** The length of the footer and the magic number. */
const TRAILER = 8;
/** Read at once from the end of a file: the footer of a shard of a thousand rows is a quarter of it. */
const TAIL = 32 * 1024;

/** The schema of a file whose metadata decides it. */
export type SchemaOf = (keyValue: string | undefined) => ParquetSchema;

export interface PageSlot {
  offset: number;
  length: number;
  firstRow: number;
}

/** Error for a damaged shard. */
export function shardError(path: string, problem: string, cause?: unknown): CodecLmError {
  return new CodecLmError('SHARD_INVALID', `${path}: ${problem}`, {
    path,
    cause,
    hint: 'restore the file from a copy, or make the dataset again',
  });
}

/** Where the row groups of a far file are kept. */
export interface FarOptions {
  units: Units;
  /** Differs between two files that have the same name one after the other. */
  version: string;
  /** The size that the file should have: its end is asked for before its size is known. */
  size?: number;
}

export class ParquetFile {
  readonly path: string;
  readonly size: number;
  readonly rowGroups: RowGroupPlace[] = [];
  rowCount = 0;
  /** The metadata value under METADATA_KEY; undefined if it is missing. */
  keyValue?: string;
  readonly #file: OpenFile;
  readonly #far: FarOptions | undefined;

  private constructor(path: string, opened: OpenFile, far?: FarOptions) {
    this.path = path;
    this.#far = far;
    this.#file = opened;
    this.size = opened.size;
  }

  /** @throws CodecLmError `SHARD_INVALID`, `INPUT_NOT_FOUND`, `IO_FAILED` */
  static async open(
    path: string,
    schema: SchemaOf | ParquetSchema,
    far?: FarOptions,
  ): Promise<ParquetFile> {
    const opened = await openFile(path, far?.size);
    const file = new ParquetFile(path, opened, far);
    try {
      await file.guard('its footer', () => file.#readFooter(schema));
    } catch (error) {
      await opened.close();
      throw error;
    }
    return file;
  }

  /** Turns any error of a parser into a CodecLmError. */
  async guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#errorOf(what, error);
    }
  }

  /** The same for work that is done at once. */
  guardNow<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#errorOf(what, error);
    }
  }

  #errorOf(what: string, error: unknown): CodecLmError {
    if (error instanceof CodecLmError) return error;
    if (systemCode(error)) return readError(error, this.path);
    return shardError(this.path, `${what} is damaged: ${messageOf(error)}`, error);
  }

  /**
   * @param into buffer to reuse, if there is one: fresh memory costs as much as the read
   * @throws RangeError when the file has no such bytes
   */
  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    if (!(offset >= 0 && length >= 0 && length <= MAX_READ && offset + length <= this.size)) {
      throw new RangeError(`${length} bytes at ${offset} in a file of ${this.size}`);
    }
    const group = this.#far && this.#groupOf(offset, length);
    if (!group) return this.#file.read(offset, length, into);
    const start = offset - groupSpan(group).start;
    return this.#useUnit(group, (bytes) => Buffer.from(bytes.subarray(start, start + length)));
  }

  /**
   * Lends the bytes of a column of a row group to `work`, its dictionary in front.
   * @param groups keeps those of a near file; a far file keeps its own
   */
  useColumn<T>(
    group: RowGroupPlace,
    path: string,
    groups: KeptBytes<RowGroupPlace>,
    work: (bytes: Buffer) => T,
  ): Promise<T> {
    const { offset, length } = columnSpan(group, path);
    if (this.#far) {
      const start = offset - groupSpan(group).start;
      return this.#useUnit(group, (bytes) => work(bytes.subarray(start, start + length)));
    }
    return groups.use(group, length, (into) => this.read(offset, length, into), work);
  }

  /** The bytes of a column if they are in memory, to be used before anything is awaited. */
  peekColumn(
    group: RowGroupPlace,
    path: string,
    groups: KeptBytes<RowGroupPlace>,
  ): Buffer | undefined {
    if (!this.#far) return groups.peek(group);
    const unit = this.#far.units.peek(this.#unitFile(this.#far), group);
    const { offset, length } = columnSpan(group, path);
    const start = offset - groupSpan(group).start;
    return unit?.subarray(start, start + length);
  }

  /** Brings a column of a row group near, all columns of a far one. */
  async warm(
    group: RowGroupPlace,
    path: string,
    groups: KeptBytes<RowGroupPlace> | undefined,
  ): Promise<void> {
    if (this.#far) await this.#useUnit(group, () => undefined);
    else if (groups) await this.useColumn(group, path, groups, () => undefined);
  }

  #useUnit<T>(group: RowGroupPlace, work: (bytes: Buffer) => T): Promise<T> {
    const far = this.#far!;
    const read: ReadRange = (start, length, into) => this.#file.read(start, length, into);
    return far.units.use(this.#unitFile(far), group, read, work);
  }

  #unitFile({ version }: FarOptions): string {
    return `${this.path} ${version}`;
  }

  /** The row group in which all of these bytes lie; undefined for those of the footer. */
  #groupOf(offset: number, length: number): RowGroupPlace | undefined {
    return this.rowGroups.find((group) => {
      const span = groupSpan(group);
      return offset >= span.start && offset + length <= span.start + span.length;
    });
  }

  /** The data pages of a column from its offset index; checked to be in order and without gaps. */
  async readPageSlots(group: RowGroupPlace, path: string): Promise<PageSlot[]> {
    const chunk = group.columns.get(path)!;
    const at = integer(chunk.offsetIndex?.offset, 'offset of an index');
    const length = integer(chunk.offsetIndex?.length, 'length of an index');
    const locations = readOffsetIndex(await this.read(at, length));
    let offset = chunk.data.offset;
    let before = -1;
    const slots = locations.map((location) => {
      const length = integer(location.length, 'length of a page');
      const firstRow = integer(location.firstRow, 'first row of a page');
      if (location.offset !== offset || length === 0 || firstRow <= before) {
        throw new RangeError('pages do not follow one another');
      }
      offset += length;
      before = firstRow;
      return { offset: offset - length, length, firstRow };
    });
    if (offset !== chunk.data.offset + chunk.data.length || slots[0].firstRow !== 0) {
      throw new RangeError('pages do not fill their column');
    }
    if (before >= group.rows) throw new RangeError('page behind the last row');
    return slots;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #readFooter(schema: SchemaOf | ParquetSchema): Promise<void> {
    if (this.size < MIN_FILE) throw new RangeError(`a file of ${this.size} bytes`);
    const metadata = readFileMetadata(await this.#footerBytes());
    if (metadata.version !== 1 || metadata.schema.length === 0) throw new RangeError('no schema');
    this.keyValue = metadata.keyValues.get(METADATA_KEY);
    const wanted = typeof schema === 'function' ? schema(this.keyValue) : schema;
    if (!isSchema(metadata.schema, wanted)) {
      throw new RangeError('the columns are not those of a file of this project');
    }
    this.#readRowGroups(metadata);
  }

  async #footerBytes(): Promise<Buffer> {
    const start = Math.max(0, this.size - TAIL);
    const [head, tail] = await Promise.all([
      this.read(0, MAGIC.length),
      this.read(start, this.size - start),
    ]);
    if (head.toString('latin1') !== MAGIC || tail.toString('latin1', tail.length - 4) !== MAGIC) {
      throw new RangeError('not a Parquet file');
    }
    const length = tail.readUInt32LE(tail.length - TRAILER);
    const end = this.size - TRAILER;
    if (length > MAX_FOOTER || length > end - MAGIC.length) {
      throw new RangeError(`a footer of ${length} bytes`);
    }
    if (end - length < start) return this.read(end - length, length);
    return tail.subarray(tail.length - TRAILER - length, tail.length - TRAILER);
  }

  #readRowGroups(metadata: FileMetadata): void {
    for (const group of metadata.groups) {
      const rows = integer(group.rows, 'rows of a row group');
      const columns = new Map(group.columns.map((column) => [column.path, this.#chunkOf(column)]));
      this.rowGroups.push({ rows, firstRow: this.rowCount, columns });
      this.rowCount += rows;
    }
    if (this.rowCount !== metadata.rows) throw new RangeError('rows do not add up');
  }

  #chunkOf(column: ColumnMetadata): Chunk {
    if (column.codec !== thrift.CompressionCodec.UNCOMPRESSED) throw new RangeError('compressed');
    const start = integer(column.data, 'offset of a column');
    const total = integer(column.size, 'size of a column');
    const values = integer(column.values, 'values of a column');
    const first = integer(column.dictionary ?? start, 'offset of a dictionary');
    if (first > start || first + total > this.size || start > first + total) {
      throw new RangeError('a column lies outside of the file');
    }
    const data = { offset: start, length: first + total - start };
    const dictionary = first < start ? { offset: first, length: start - first } : undefined;
    return { dictionary, data, values, offsetIndex: column.offsetIndex };
  }
}

async function openFile(path: string, size?: number): Promise<OpenFile> {
  const storage = storageAt(path);
  if (isRemote(path)) return farFile(path, size);
  return storage.open(path).catch(async (error) => {
    const isFolder = (await storage.find(path).catch(() => undefined))?.isFolder;
    throw isFolder ? shardError(path, 'not a file') : error;
  });
}

function integer(value: number | undefined, what: string): number {
  const number = value ?? Number.NaN;
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${what}: ${number}`);
  return number;
}
