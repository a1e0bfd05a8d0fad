/** A row of a table, and what can be wrong with a table whatever its format. */
import { isUtf8 } from 'node:buffer';
import type { CodecLmError } from '../../../base/error.ts';
import { nearestTo } from '../../../base/nearest.ts';
import type { RawValue } from '../../../schemas/columns.ts';
import { type ByteString, bytesOf, escapePath } from '../../plan/byte-strings.ts';
import type { ColumnCollector } from '../collector.ts';
import { listError, type ValuePlace } from '../types.ts';

/** A row that names an input. */
export interface TableRow {
  /** Counted from 1, without the header. */
  row: number;
  path: ByteString;
  values: RawValue[];
}

/**
 * Where the wanted columns stand in a table.
 * @param names the columns of the table, in order
 * @throws CodecLmError `LIST_INVALID` for one that is missing or there twice
 */
export function columnPlaces(
  table: ByteString,
  names: readonly string[],
  { specs, pathColumn }: ColumnCollector & { readonly pathColumn: string },
): { path: number; columns: number[] } {
  const place = (name: string) => {
    const index = names.indexOf(name);
    if (index < 0) throw missingColumn(table, name, names);
    if (names.indexOf(name, index + 1) < 0) return index;
    throw listError({ file: escapePath(table) }, `two columns are called ${name}`, 'rename one');
  };
  return { path: place(pathColumn), columns: specs.map(({ from }) => place(from)) };
}

export function missingColumn(
  table: ByteString,
  name: string,
  names: readonly string[],
): CodecLmError {
  const nearest = nearestTo(name, names)?.candidate;
  const all = names.slice(0, 40).join(', ') || 'none';
  return listError(
    { file: escapePath(table) },
    `it has no column ${name}; its columns are ${all}`,
    nearest ? `did you mean ${nearest}?` : 'the first row names the columns',
  );
}

/** @throws CodecLmError `LIST_INVALID` for a row that names no file */
export function noPath(place: ValuePlace, pathColumn: string): CodecLmError {
  return listError(place, `nothing in column ${pathColumn}`, 'name a file, or remove the row');
}

/** Text of a field that was read as bytes. */
export function utf8Of(bytes: ByteString, place: ValuePlace): string {
  const buffer = bytesOf(bytes);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  throw listError(place, 'not UTF-8', 'write the table as UTF-8');
}
