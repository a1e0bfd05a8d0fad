/**
 * Writes a Parquet file around ready-made pages. Row groups are described with parquetjs-lite's
 * thrift structures and its ParquetEnvelopeWriter adds the schema, the offset index and the footer.
 * Its own writeRowGroup is not used: it does not support dictionary pages, and it copies each page
 * six times.
 */
import parquet, { type Field, type ParquetSchema, type ReadyPage } from 'parquetjs-lite';
import thrift, {
  type ColumnChunk,
  type RowGroup,
} from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import type { OutputFile } from '../../base/storage/index.ts';

/** The pages of one column in one row group. */
export interface ColumnPages {
  /** Path of the column, joined with dots. */
  path: string;
  dictionary?: Buffer;
  pages: ReadyPage[];
}

export class EnvelopeWriter {
  readonly #file: OutputFile;
  readonly #inner;
  readonly #fields: Map<string, Field>;
  /**
   * parquetjs-lite does not await all of its writes, so an error there would be lost or end the
   * process. It therefore writes into this list, and this class writes the list to the file.
   */
  #sections: Buffer[] = [];
  #written: Promise<void> = Promise.resolve();

  constructor(file: OutputFile, schema: ParquetSchema) {
    this.#file = file;
    const collect = (section: Buffer) => this.#sections.push(section);
    this.#inner = new parquet.ParquetEnvelopeWriter(schema, collect, () => {}, 0, {});
    this.#inner.writeHeader();
    this.#fields = new Map(schema.fieldList.map((field) => [field.path.join('.'), field]));
  }

  /** @param columns all columns of the schema, in its order; do not change the pages afterwards */
  async writeRowGroup(rowCount: number, columns: ColumnPages[]): Promise<void> {
    // The previous row group is being written while this one is assembled.
    const before = this.#written;
    const group: RowGroup = new thrift.RowGroup();
    group.num_rows = rowCount;
    group.columns = columns.map((column) => this.#addColumn(column));
    group.total_byte_size = group.columns.reduce(
      (sum, { meta_data }) => sum + Number(meta_data.total_compressed_size),
      0,
    );
    this.#inner.rowGroups.push(group);
    this.#inner.rowCount += rowCount;
    this.#flush();
    await before;
  }

  /** Appends the pages unchanged, the dictionary first. */
  #addColumn({ path, dictionary, pages }: ColumnPages): ColumnChunk {
    const inner = this.#inner;
    const start = inner.offset;
    if (dictionary) inner.writeSection(dictionary);
    const index = new thrift.OffsetIndex();
    index.page_locations = pages.map(({ page, first_row_index }) => {
      const location = new thrift.PageLocation();
      location.offset = inner.offset;
      location.compressed_page_size = page.length;
      location.first_row_index = first_row_index;
      inner.writeSection(page);
      return location;
    });
    const meta = new thrift.ColumnMetaData();
    const field = this.#fields.get(path)!;
    meta.type = thrift.Type[field.primitiveType!];
    meta.path_in_schema = field.path;
    meta.codec = thrift.CompressionCodec.UNCOMPRESSED;
    meta.encodings = [
      thrift.Encoding.RLE,
      dictionary ? thrift.Encoding.PLAIN_DICTIONARY : thrift.Encoding.PLAIN,
    ];
    meta.num_values = pages.reduce((sum, page) => sum + page.num_values, 0);
    meta.total_uncompressed_size = inner.offset - start;
    meta.total_compressed_size = inner.offset - start;
    meta.data_page_offset = start + (dictionary?.length ?? 0);
    if (dictionary) meta.dictionary_page_offset = start;
    meta.offsetIndex = index;
    const chunk = new thrift.ColumnChunk();
    // The column's metadata is only in the footer.
    chunk.file_offset = 0;
    chunk.meta_data = meta;
    return chunk;
  }

  /**
   * Writes index and footer; nothing may be written afterwards.
   * @param keyValues makes the metadata of the file from the sha256 of all pages
   */
  async finish(keyValues: (contentHash: string) => Record<string, string>): Promise<void> {
    await this.#written;
    this.#inner.writeIndex();
    this.#inner.writeFooter(keyValues(this.#file.hashSoFar()));
    this.#flush();
    await this.#written;
  }

  #flush(): void {
    const sections = this.#sections;
    const written = this.#written;
    this.#sections = [];
    this.#written = written.then(async () => {
      await this.#file.write(...sections);
    });
    // The error is thrown where the promise is awaited next, not earlier as an unhandled
    // rejection.
    this.#written.catch(() => undefined);
  }
}
