/** Lists the inputs that a file names: a text with one path per line, or a table. */
import { parsePlace } from '../../base/storage/index.ts';
import { isTableName, tableRows } from '../columns/tables/table.ts';
import { listError } from '../columns/types.ts';
import {
  type ByteString,
  bytesOf,
  escapePath,
  fromText,
  isAbsolute,
  join,
} from '../plan/byte-strings.ts';
import { listArchive } from './archive.ts';
import { isArchiveName } from './compressed.ts';
import { linesOf } from './lines.ts';
import type { Input, ListingContext } from './source.ts';

/** Longest line in bytes: several times the longest path of any system. */
const MAX_LINE_BYTES = 65_536;

/**
 * Paths are relative to the list's folder; empty lines and lines that begin with `#` are skipped.
 * Bytes are used as they are: names need not be UTF-8.
 * @throws CodecLmError `USAGE` for an entry that is a URL other than `file:///…`, `s3://…`, `https://…`
 */
export async function* listText(
  source: number,
  list: ByteString,
  base: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  for await (const entry of linesOf(list, MAX_LINE_BYTES)) {
    context.signal?.throwIfAborted();
    if (entry === '' || entry.startsWith('#')) continue;
    const path = entryOf(entry, list);
    const file = isAbsolute(path) ? path : join(base, path);
    if (path.startsWith('https://')) yield { source, path };
    else if (isArchiveName(path, context.extensions))
      yield* listArchive(source, file, context, path);
    else yield { source, path };
  }
}

/** @throws CodecLmError `USAGE` that names the list, for a URL with an unknown scheme */
function entryOf(entry: ByteString, list: ByteString): ByteString {
  if (!entry.includes('://') || entry.startsWith('https://')) return entry;
  const text = bytesOf(entry).toString('utf8');
  const path = parsePlace(text, `in the list ${escapePath(list)}:`);
  return path === text ? entry : fromText(path);
}

/**
 * Each row of a table is one input, with its columns.
 * @throws CodecLmError `LIST_INVALID` that says file, row and what to do; `USAGE` like {@link listText}
 */
export async function* listTable(
  source: number,
  table: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  for await (const { row, path: entry, values } of tableRows(table, context.columns)) {
    context.signal?.throwIfAborted();
    const path = entryOf(entry, table);
    if (isArchiveName(path, context.extensions)) {
      throw listError(
        { file: escapePath(table), row },
        `${escapePath(path)} is an archive, not one input`,
        'name archives as sources of their own, or in a text list',
      );
    }
    yield { source, path, row, values };
  }
}

/** Whether a list is read as a table. */
export function isTable(list: ByteString, { columns }: ListingContext): boolean {
  return columns !== undefined && columns.pathColumn !== null && isTableName(list);
}
