/** Rows of JSON lines: one object a line. */
import { CodecLmError, messageOf } from '../../../base/error.ts';
import { type ByteString, escapePath, fromText } from '../../plan/byte-strings.ts';
import { linesOf } from '../../sources/lines.ts';
import type { ColumnCollector } from '../collector.ts';
import { at } from '../sidecars.ts';
import { listError, type ValuePlace } from '../types.ts';
import { missingColumn, noPath, type TableRow, utf8Of } from './row.ts';

const MOST_BYTES = 1 << 24;

/** A line may lack a column, or have null: its value is missing. One that no line has is an error. */
export async function* jsonRows(
  table: ByteString,
  collector: ColumnCollector & { readonly pathColumn: string },
): AsyncGenerator<TableRow> {
  const file = escapePath(table);
  const missing = new Set([collector.pathColumn, ...collector.specs.map(({ from }) => from)]);
  const names = new Set<string>();
  let row = 0;
  for await (const line of linesOf(table, MOST_BYTES)) {
    row++;
    if (line.trim() === '') continue;
    const place = { file, row };
    const record = recordOf(utf8Of(line, place), place);
    if (missing.size > 0) {
      for (const name of Object.keys(record)) names.add(name);
      for (const name of missing) if (at(record, name) !== undefined) missing.delete(name);
    }
    const path = at(record, collector.pathColumn);
    if (path === undefined || path === null || path === '') {
      if (missing.has(collector.pathColumn)) {
        throw missingColumn(table, collector.pathColumn, [...names]);
      }
      throw noPath(place, collector.pathColumn);
    }
    if (typeof path !== 'string') {
      throw listError(place, `column ${collector.pathColumn} is no text`, 'name a file');
    }
    const values = collector.specs.map(({ from }, i) =>
      collector.takeValue(i, at(record, from), place),
    );
    yield { row, path: fromText(path), values };
  }
  for (const name of missing) throw missingColumn(table, name, [...names]);
}

function recordOf(text: string, place: ValuePlace): Record<string, unknown> {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw listError(place, `not JSON: ${messageOf(error)}`, 'correct the line', error);
  }
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) {
    return record as Record<string, unknown>;
  }
  throw new CodecLmError('LIST_INVALID', `${place.file}, row ${place.row}: not an object`, {
    path: place.file,
    hint: 'each line is an object, such as {"path": "a.jpg", "caption": "a cat"}',
  });
}
