/** Where the row groups of a file and their columns lie. */

/** Place of the pages of one column in one row group. */
export interface Chunk {
  dictionary?: { offset: number; length: number };
  data: { offset: number; length: number };
  values: number;
  /** Where the offset index of the column lies, unchecked. */
  offsetIndex?: { offset?: number; length?: number };
}

export interface RowGroupPlace {
  rows: number;
  /** Index of the first row in the file. */
  firstRow: number;
  /** Columns by path, joined with dots. */
  columns: Map<string, Chunk>;
}

/** A column of a row group with its dictionary. */
export function columnSpan(group: RowGroupPlace, path: string): { offset: number; length: number } {
  const { dictionary, data } = group.columns.get(path)!;
  const { offset } = dictionary ?? data;
  return { offset, length: data.offset + data.length - offset };
}
