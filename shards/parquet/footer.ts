/**
 * Opens a Parquet file of this project. Every offset and length in it is checked against the file
 * size before use, so that a damaged file gives an error and nothing worse.
 */
import parquet, { type ParquetSchema } from 'parquetjs-lite';
import type { ColumnChunk, FileMetaData } from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import { CodecLmError, messageOf, systemCode } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { isRemote, type OpenFile, storageAt } from '../../base/storage/index.ts';
import { METADATA_KEY } from '../../schemas/dataset.ts';
import { farFile } from './far-file.ts';
import type { KeptBytes } from './kept-bytes.ts';
import type { Chunk, RowGroupPlace } from './row-group-place.ts';
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
  readonly #inner;

  private constructor(path: string, opened: OpenFile, far?: FarOptions) {
    this.path = path;
    this.#far = far;
    this.#file = opened;
    this.size = opened.size;
    const read = (offset: number, length: number) => this.read(offset, length);
    this.#inner = new parquet.ParquetEnvelopeReader(read, () => undefined, this.size);
  }

  /** @throws CodecLmError `SHARD_INVALID`, `INPUT_NOT_FOUND`, `IO_FAILED` */
  static async open(
    path: string,
    schema: SchemaOf | ParquetSchema,
    far?: FarOptions,
  ): Promise<ParquetFile> {
    const opened = await openFile(path);
    const file = new ParquetFile(path, opened, far);
    try {
      await file.guard('its footer', () => file.#readFooter(schema));
    } catch (error) {
      await opened.close();
      throw error;
    }
    return file;
  }

  /** Turns any error of a parser (parquetjs-lite throws strings) into a CodecLmError. */
  async guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CodecLmError) throw error;
      if (systemCode(error)) throw readError(error, this.path);
      throw shardError(this.path, `${what} is damaged: ${messageOf(error)}`, error);
    }
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
    const { dictionary, data } = group.columns.get(path)!;
    const { offset } = dictionary ?? data;
    const length = data.offset + data.length - offset;
    if (this.#far) {
      const start = offset - groupSpan(group).start;
      return this.#useUnit(group, (bytes) => work(bytes.subarray(start, start + length)));
    }
    return groups.use(group, length, (into) => this.read(offset, length, into), work);
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
    const { units, version } = this.#far!;
    const read: ReadRange = (start, length, into) => this.#file.read(start, length, into);
    return units.use(`${this.path} ${version}`, group, read, work);
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
    const { page_locations: locations } = await this.#inner.readOffsetIndex(chunk.source);
    let offset = chunk.data.offset;
    let before = -1;
    const slots = locations.map((location) => {
      const length = location.compressed_page_size;
      const firstRow = integer(location.first_row_index, 'first row of a page');
      if (Number(location.offset) !== offset || !(length > 0) || firstRow <= before) {
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
    await this.#inner.readHeader();
    const length = (await this.read(this.size - 8, 4)).readUInt32LE(0);
    if (length > MAX_FOOTER) throw new RangeError(`a footer of ${length} bytes`);
    const footer = await this.#inner.readFooter();
    if (footer.version !== 1 || !Array.isArray(footer.schema)) throw new RangeError('no schema');
    this.keyValue = footer.key_value_metadata?.find((pair) => pair.key === METADATA_KEY)?.value;
    const wanted = typeof schema === 'function' ? schema(this.keyValue) : schema;
    if (!isSchema(footer.schema, wanted)) {
      throw new RangeError('the columns are not those of a file of this project');
    }
    this.#readRowGroups(footer);
  }

  #readRowGroups(footer: FileMetaData): void {
    for (const group of footer.row_groups ?? []) {
      const rows = integer(group.num_rows, 'rows of a row group');
      const columns = new Map<string, Chunk>();
      for (const column of group.columns) {
        columns.set(column.meta_data.path_in_schema.join('.'), this.#chunkOf(column));
      }
      this.rowGroups.push({ rows, firstRow: this.rowCount, columns });
      this.rowCount += rows;
    }
    if (this.rowCount !== Number(footer.num_rows)) throw new RangeError('rows do not add up');
  }

  #chunkOf(source: ColumnChunk): Chunk {
    const meta = source.meta_data;
    if (meta.codec !== thrift.CompressionCodec.UNCOMPRESSED) throw new RangeError('compressed');
    const start = integer(meta.data_page_offset, 'offset of a column');
    const total = integer(meta.total_compressed_size, 'size of a column');
    const values = integer(meta.num_values, 'values of a column');
    const first = integer(meta.dictionary_page_offset ?? start, 'offset of a dictionary');
    if (first > start || first + total > this.size || start > first + total) {
      throw new RangeError('a column lies outside of the file');
    }
    const data = { offset: start, length: first + total - start };
    const dictionary = first < start ? { offset: first, length: start - first } : undefined;
    return { dictionary, data, values, source };
  }
}

async function openFile(path: string): Promise<OpenFile> {
  const storage = storageAt(path);
  if (isRemote(path)) return farFile(await storage.open(path));
  if ((await storage.find(path))?.isFolder) throw shardError(path, 'not a file');
  return storage.open(path);
}

/** Converts a 64-bit integer of thrift to a number. */
function integer(value: unknown, what: string): number {
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${what}: ${number}`);
  return number;
}
