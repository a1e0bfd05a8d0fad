/** Rows of a CSV or TSV file (RFC 4180): quoted fields may hold newlines. */
import { CsvError, parse } from 'csv-parse';
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { type ByteString, escapePath } from '../../plan/byte-strings.ts';
import { contentOf } from '../../sources/lines.ts';
import type { ColumnCollector } from '../collector.ts';
import { listError } from '../types.ts';
import { foundText } from '../value.ts';
import { columnPlaces, noPath, type TableRow, utf8Of } from './row.ts';

/** Longest row in bytes; a longer one is a quote that has no end. */
const MOST_BYTES = 1 << 24;
/** The byte order mark of UTF-8, as characters of Latin-1. */
const MARK = '\xef\xbb\xbf';

export async function* csvRows(
  table: ByteString,
  collector: ColumnCollector & { readonly pathColumn: string },
  delimiter: string,
): AsyncGenerator<TableRow> {
  const file = escapePath(table);
  let places: { path: number; columns: number[] } | undefined;
  let row = 0;
  try {
    for await (const record of recordsOf(table, delimiter)) {
      if (!places) {
        const names = record.map((name) => utf8Of(name, { file }).trim());
        places = columnPlaces(table, names, collector);
        continue;
      }
      const place = { file, row: ++row };
      const path = record[places.path];
      if (path === '') throw noPath(place, collector.pathColumn);
      const values = places.columns.map((index, i) =>
        collector.take(i, foundText(utf8Of(record[index], place)), place),
      );
      yield { row, path, values };
    }
  } catch (error) {
    if (error instanceof CodecLmError) throw error;
    if (!(error instanceof CsvError)) throw readError(error, file, 'reading the table');
    // The header is a record too.
    const at = { file, row: Math.max(1, Number(error.records)) };
    const hint = 'correct the row; a quote inside of quotes is doubled';
    throw listError(at, problemOf(error), hint, error);
  }
  if (!places) throw listError({ file }, 'empty', 'the first row names the columns');
}

/** Fields are bytes, one character each: names of files need not be UTF-8. */
async function* recordsOf(table: ByteString, delimiter: string): AsyncGenerator<string[]> {
  const parser = parse({
    delimiter,
    encoding: 'latin1',
    skip_empty_lines: true,
    max_record_size: MOST_BYTES,
  });
  const fed = feed(parser, table);
  fed.catch((error) => parser.destroy(error));
  try {
    yield* parser as AsyncIterable<string[]>;
    await fed;
  } finally {
    parser.destroy();
  }
}

async function feed(parser: ReturnType<typeof parse>, table: ByteString): Promise<void> {
  let isFirst = true;
  for await (const chunk of contentOf(table)) {
    const text = isFirst && chunk.startsWith(MARK) ? chunk.slice(MARK.length) : chunk;
    isFirst = false;
    if (parser.destroyed) return;
    if (!parser.write(Buffer.from(text, 'latin1'))) {
      await new Promise<void>((resolve) => {
        parser.once('drain', resolve);
        parser.once('close', resolve);
      });
    }
  }
  parser.end();
}

function problemOf(error: CsvError): string {
  const message = messageOf(error).replace(/\s+/g, ' ');
  return `${message} (${error.code}, near line ${error.lines})`;
}
