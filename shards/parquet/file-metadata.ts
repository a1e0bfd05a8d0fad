/**
 * The structures of Parquet that a reader of shards needs, by the field numbers of the format's
 * definition (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
 * Numbers are as they were found: whoever uses them checks them.
 */
import { readStruct, type Struct, type Value } from './thrift.ts';

export interface FileMetadata {
  version: number | undefined;
  schema: SchemaElement[];
  rows: number | undefined;
  groups: { rows: number | undefined; columns: ColumnMetadata[] }[];
  /** The first value of each key. */
  keyValues: Map<string, string>;
}

export interface SchemaElement {
  name: string;
  type?: number;
  repetition?: number;
  children?: number;
  convertedType?: number;
}

export interface ColumnMetadata {
  /** Joined with dots. */
  path: string;
  codec?: number;
  values?: number;
  /** Bytes of all pages. */
  size?: number;
  data?: number;
  dictionary?: number;
  offsetIndex?: { offset?: number; length?: number };
}

export interface PageHeader {
  type?: number;
  uncompressedSize?: number;
  compressedSize?: number;
  crc?: number;
  data?: { values?: number; encoding?: number; definition?: number; repetition?: number };
  dictionary?: { values?: number; encoding?: number };
}

/** Where a page lies, as the offset index says. */
export interface PageLocation {
  offset?: number;
  length?: number;
  firstRow?: number;
}

/** @throws RangeError when it is not the metadata of a Parquet file */
export function readFileMetadata(bytes: Buffer): FileMetadata {
  const { fields } = readStruct(bytes);
  const keyValues = new Map<string, string>();
  for (const [, key, value] of structs(fields[5])) {
    const name = text(key);
    if (!keyValues.has(name)) keyValues.set(name, text(value));
  }
  return {
    version: number(fields[1]),
    schema: structs(fields[2]).map((element) => ({
      name: text(element[4]),
      type: number(element[1]),
      repetition: number(element[3]),
      children: number(element[5]),
      convertedType: number(element[6]),
    })),
    rows: number(fields[3]),
    groups: structs(fields[4]).map((group) => ({
      rows: number(group[3]),
      columns: structs(group[1]).map(columnOf),
    })),
    keyValues,
  };
}

function columnOf(column: Struct): ColumnMetadata {
  const meta = struct(column[3]);
  return {
    path: list(meta[3]).map(text).join('.'),
    codec: number(meta[4]),
    values: number(meta[5]),
    size: number(meta[7]),
    data: number(meta[9]),
    dictionary: number(meta[11]),
    offsetIndex: { offset: number(column[4]), length: number(column[5]) },
  };
}

/**
 * @returns the header that begins at `start`, and the offset of the body behind it
 * @throws RangeError when it is none
 */
export function readPageHeader(bytes: Buffer, start = 0): { header: PageHeader; body: number } {
  const { fields, end } = readStruct(bytes, start);
  const header: PageHeader = {
    type: number(fields[1]),
    uncompressedSize: number(fields[2]),
    compressedSize: number(fields[3]),
    crc: number(fields[4]),
  };
  if (fields[5]) {
    const [, values, encoding, definition, repetition] = struct(fields[5]).map(number);
    header.data = { values, encoding, definition, repetition };
  }
  if (fields[7]) {
    const [, values, encoding] = struct(fields[7]).map(number);
    header.dictionary = { values, encoding };
  }
  return { header, body: end };
}

/** @throws RangeError when it is no offset index */
export function readOffsetIndex(bytes: Buffer): PageLocation[] {
  return structs(readStruct(bytes).fields[1]).map((location) => ({
    offset: number(location[1]),
    length: number(location[2]),
    firstRow: number(location[3]),
  }));
}

function number(value: Value): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: Value): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}

function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

function struct(value: Value): Struct {
  if (!Array.isArray(value)) throw new RangeError('a structure is missing');
  return value;
}

function structs(value: Value): Struct[] {
  return list(value).map(struct);
}
