/**
 * The parts of parquetjs-lite 0.8.7 that shards/ stands on; the package has no
 * types of its own. Names are those of the Parquet format's thrift definition.
 */

declare module 'parquetjs-lite' {
  import type {
    ColumnChunk,
    FileMetaData,
    OffsetIndex,
    RowGroup,
  } from 'parquetjs-lite/gen-nodejs/parquet_types.js';

  export interface FieldDefinition {
    type?: string;
    optional?: boolean;
    repeated?: boolean;
    statistics?: boolean;
    fields?: Record<string, FieldDefinition>;
  }

  export interface Field {
    name: string;
    path: string[];
    primitiveType?: string;
    originalType?: string;
    repetitionType: 'REQUIRED' | 'OPTIONAL' | 'REPEATED';
    isNested?: boolean;
    fieldCount?: number;
  }

  class ParquetSchema {
    constructor(definition: Record<string, FieldDefinition>);
    fields: Record<string, Field>;
    fieldList: Field[];
  }

  /** A page that is ready to be written: its thrift header and its body. */
  export interface ReadyPage {
    page: Buffer;
    num_values: number;
    first_row_index: number;
  }

  class ParquetEnvelopeWriter {
    constructor(
      schema: ParquetSchema,
      write: (section: Buffer) => unknown,
      close: () => unknown,
      fileOffset: number,
      options: { pageIndex?: boolean },
    );
    rowGroups: RowGroup[];
    rowCount: number;
    /** Bytes written so far. */
    offset: number;
    writeHeader(): unknown;
    writeSection(section: Buffer): unknown;
    writeIndex(): void;
    writeFooter(keyValues: Record<string, string>): unknown;
  }

  class ParquetEnvelopeReader {
    constructor(
      read: (offset: number, length: number, file?: string) => Promise<Buffer>,
      close: () => unknown,
      fileSize: number,
      options?: object,
    );
    readHeader(): Promise<void>;
    readFooter(): Promise<FileMetaData>;
    readOffsetIndex(column: ColumnChunk): Promise<OffsetIndex>;
  }

  /** The row API; used by the tests and benches as the peer. */
  class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string, options?: object): Promise<ParquetWriter>;
    appendRow(row: Record<string, unknown>): Promise<void>;
    setRowGroupSize(rows: number): void;
    close(): Promise<void>;
  }
  class ParquetReader {
    static openFile(path: string): Promise<ParquetReader>;
    getCursor(columns?: string[][]): { next(): Promise<Record<string, unknown> | null> };
    close(): Promise<void>;
  }

  const parquet: {
    ParquetSchema: typeof ParquetSchema;
    ParquetEnvelopeWriter: typeof ParquetEnvelopeWriter;
    ParquetEnvelopeReader: typeof ParquetEnvelopeReader;
    ParquetWriter: typeof ParquetWriter;
    ParquetReader: typeof ParquetReader;
  };

  export type { ParquetEnvelopeReader, ParquetEnvelopeWriter, ParquetSchema };
  export default parquet;
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  /** A 64-bit integer as read; `Number(x)` is infinite where it does not fit. */
  export type Int64 = number | { valueOf(): number };

  export interface PageHeader {
    type: number;
    uncompressed_page_size: number;
    compressed_page_size: number;
    crc: number | null;
    data_page_header: DataPageHeader | null;
    dictionary_page_header: DictionaryPageHeader | null;
  }
  export interface DataPageHeader {
    num_values: number;
    encoding: number;
    definition_level_encoding: number;
    repetition_level_encoding: number;
  }
  export interface DictionaryPageHeader {
    num_values: number;
    encoding: number;
    is_sorted: boolean | null;
  }
  export interface PageLocation {
    offset: Int64;
    compressed_page_size: number;
    first_row_index: Int64;
  }
  export interface OffsetIndex {
    page_locations: PageLocation[];
  }
  export interface ColumnMetaData {
    type: number;
    encodings: number[];
    path_in_schema: string[];
    codec: number;
    num_values: Int64;
    total_compressed_size: Int64;
    total_uncompressed_size: Int64;
    data_page_offset: Int64;
    dictionary_page_offset: Int64 | null;
    /** Only while writing, until the index is written. */
    offsetIndex?: OffsetIndex;
  }
  export interface ColumnChunk {
    file_offset: Int64;
    meta_data: ColumnMetaData;
    offset_index_offset: Int64 | null;
    offset_index_length: number | null;
  }
  export interface RowGroup {
    columns: ColumnChunk[];
    num_rows: Int64;
    total_byte_size: Int64;
  }
  export interface SchemaElement {
    name: string;
    type: number | null;
    converted_type: number | null;
    repetition_type: number | null;
    num_children: number | null;
  }
  export interface FileMetaData {
    version: number;
    schema: SchemaElement[];
    num_rows: Int64;
    row_groups: RowGroup[];
    key_value_metadata: { key: string; value: string }[] | null;
  }

  const types: {
    PageHeader: new () => PageHeader;
    DataPageHeader: new () => DataPageHeader;
    DictionaryPageHeader: new () => DictionaryPageHeader;
    PageLocation: new () => PageLocation;
    OffsetIndex: new () => OffsetIndex;
    ColumnMetaData: new () => ColumnMetaData;
    ColumnChunk: new () => ColumnChunk;
    RowGroup: new () => RowGroup;
    PageType: Record<'DATA_PAGE' | 'DICTIONARY_PAGE', number>;
    Encoding: Record<'PLAIN' | 'PLAIN_DICTIONARY' | 'RLE', number>;
    CompressionCodec: Record<'UNCOMPRESSED', number>;
    Type: Record<string, number>;
    ConvertedType: Record<string, number>;
    FieldRepetitionType: Record<string, number>;
  };
  export default types;
}

declare module 'parquetjs-lite/lib/util.js' {
  const util: {
    serializeThrift(object: object): Buffer;
    /** @returns the number of bytes read */
    decodeThrift(object: object, buffer: Buffer, offset?: number): number;
  };
  export default util;
}
