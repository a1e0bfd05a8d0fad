/** Tables that name inputs and what belongs to them: CSV, JSON lines, Parquet. */
import { CodecLmError } from '../../../base/error.ts';
import { type ByteString, escapePath, extensionOf } from '../../plan/byte-strings.ts';
import type { ColumnCollector } from '../collector.ts';
import { csvRows } from './csv.ts';
import { jsonRows } from './json-lines.ts';
import { parquetRows } from './parquet.ts';
import type { TableRow } from './row.ts';

/** @param pathColumn the column that names the file */
type RowReader = (
  table: ByteString,
  collector: ColumnCollector & { readonly pathColumn: string },
) => AsyncGenerator<TableRow>;

const READERS: Readonly<Record<string, RowReader>> = {
  '.csv': (table, collector) => csvRows(table, collector, ','),
  '.tsv': (table, collector) => csvRows(table, collector, '\t'),
  '.jsonl': jsonRows,
  '.ndjson': jsonRows,
  '.parquet': parquetRows,
};

export function isTableName(path: ByteString): boolean {
  return extensionOf(path) in READERS;
}

/**
 * The rows of a table.
 * @throws CodecLmError `LIST_INVALID` that says file, row and what to do; `USAGE` without a path column
 */
export async function* tableRows(
  table: ByteString,
  collector: ColumnCollector | undefined,
): AsyncGenerator<TableRow> {
  const pathColumn = collector?.pathColumn;
  if (!collector || typeof pathColumn !== 'string') {
    throw new CodecLmError(
      'USAGE',
      `${escapePath(table)} is a table: which column names the files?`,
      {
        hint: 'name it by `pathColumn`, such as url',
      },
    );
  }
  const asked = collector as ColumnCollector & { readonly pathColumn: string };
  yield* READERS[extensionOf(table)](table, asked);
}
