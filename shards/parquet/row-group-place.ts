/** Where the row groups of a file and their columns lie. */
import type { ColumnChunk } from 'parquetjs-lite/gen-nodejs/parquet_types.js';

/** Place of the pages of one column in one row group. */
export interface Chunk {
  dictionary?: { offset: number; length: number };
  data: { offset: number; length: number };
  values: number;
  /** The original structure for parquetjs-lite, which reads the page index. */
  source: ColumnChunk;
}

export interface RowGroupPlace {
  rows: number;
  /** Index of the first row in the file. */
  firstRow: number;
  /** Columns by path, joined with dots. */
  columns: Map<string, Chunk>;
}
