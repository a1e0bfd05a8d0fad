/** Rows of a Parquet file, as pandas, polars, duckdb and datasets write them. */
import * as zlib from 'node:zlib';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { storageAt } from '../../../base/storage/index.ts';
import { type ByteString, bytesOf, escapePath, fromText } from '../../plan/byte-strings.ts';
import type { ColumnCollector } from '../collector.ts';
import { listError } from '../types.ts';
import { columnPlaces, noPath, type TableRow } from './row.ts';

/** Rows that are read at once where a row group has more and says where its pages begin. */
const MOST_ROWS = 1 << 17;

export async function* parquetRows(
  table: ByteString,
  collector: ColumnCollector & { readonly pathColumn: string },
): AsyncGenerator<TableRow> {
  const place = bytesOf(table).toString('utf8');
  const file = escapePath(table);
  const opened = await storageAt(place).open(place);
  try {
    const buffer: AsyncBuffer = {
      byteLength: opened.size,
      async slice(start, end = opened.size) {
        const bytes = await opened.read(start, end - start);
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
      },
    };
    const metadata = await parquetMetadataAsync(buffer);
    const { children } = parquetSchema(metadata);
    columnPlaces(
      table,
      children.map(({ element }) => element.name),
      collector,
    );
    const numbers = new Set(
      children.filter(({ element }) => isNumber(element)).map(({ element }) => element.name),
    );
    yield* rowsIn(buffer, metadata, numbers, file, collector);
  } catch (error) {
    if (error instanceof CodecLmError) throw error;
    throw listError(
      { file },
      `reading it as Parquet: ${messageOf(error)}`,
      'write it as Parquet with snappy or no compression, or as CSV',
      error,
    );
  } finally {
    await opened.close();
  }
}

async function* rowsIn(
  file: AsyncBuffer,
  metadata: FileMetaData,
  numbers: ReadonlySet<string>,
  name: string,
  collector: ColumnCollector & { readonly pathColumn: string },
): AsyncGenerator<TableRow> {
  const { pathColumn, specs } = collector;
  const columns = [...new Set([pathColumn, ...specs.map(({ from }) => from)])];
  let row = 0;
  for (const { from, to } of slices(metadata)) {
    const options = { file, metadata, columns, compressors: COMPRESSORS };
    const rows = await parquetReadObjects({
      ...options,
      rowStart: from,
      rowEnd: to,
      useOffsetIndex: true,
    });
    for (const record of rows) {
      const place = { file: name, row: ++row };
      const path = record[pathColumn];
      if (path === undefined || path === null || path === '') throw noPath(place, pathColumn);
      if (typeof path !== 'string') {
        throw listError(place, `column ${pathColumn} is no text`, 'name a file');
      }
      const values = specs.map((spec, i) =>
        collector.takeValue(i, record[spec.from], place, numbers.has(spec.from)),
      );
      yield { row, path: fromText(path), values };
    }
  }
}

/** Row groups, in parts where they are large and their pages can be found. */
function* slices({ row_groups: groups }: FileMetaData): Generator<{ from: number; to: number }> {
  let start = 0;
  for (const group of groups) {
    const end = start + Number(group.num_rows);
    const hasIndex = group.columns.every((column) => column.offset_index_offset !== undefined);
    const step = hasIndex ? MOST_ROWS : Math.max(1, end - start);
    for (let from = start; from < end; from += step) {
      yield { from, to: Math.min(end, from + step) };
    }
    start = end;
  }
}

function isNumber({
  type,
  logical_type: logical,
}: {
  type?: string;
  logical_type?: { type: string };
}) {
  return type === 'FLOAT' || type === 'DOUBLE' || logical?.type === 'FLOAT16';
}

const COMPRESSORS: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  // Node has it since 22.15.
  ...('zstdDecompressSync' in zlib
    ? { ZSTD: zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array }
    : {}),
};
