/** Reads `--columns caption,label=cls:int64`. */
import { CodecLmError } from '../../base/error.ts';
import {
  COLUMN_TYPES,
  type ColumnSpec,
  type ColumnsConfig,
  type ColumnType,
  OWN_COLUMNS,
} from '../../schemas/columns.ts';

/** Most columns; more are a table of their own, not something beside a picture. */
const MOST = 256;

/**
 * @param columns such as `caption,label=cls:int64`: names, where they come from if that is another
 *   name, and their types if the values are not to decide
 * @param pathColumn the column of tables that names the file
 * @returns undefined when neither is given
 * @throws CodecLmError `USAGE`
 */
export function columnsConfigOf(
  columns: string | undefined,
  pathColumn: string | undefined,
): ColumnsConfig | undefined {
  if (columns === undefined && pathColumn === undefined) return undefined;
  const of = columns === undefined ? [] : columns.split(',').map(specOf);
  if (of.length > MOST) throw invalid(`${of.length} columns, at most ${MOST} are carried`);
  const twice = of.find(({ name }, i) => of.findIndex((other) => other.name === name) < i);
  if (twice) throw invalid(`${twice.name} is named twice`);
  return { path: pathColumn ?? null, of };
}

function specOf(text: string): ColumnSpec {
  const trimmed = text.trim();
  const typed = /^(.*):([a-z0-9]+)$/.exec(trimmed);
  const [named, type] = typed ? [typed[1], typed[2]] : [trimmed, undefined];
  const equals = named.indexOf('=');
  const name = equals < 0 ? named : named.slice(0, equals);
  const from = equals < 0 ? named : named.slice(equals + 1);
  if (name === '' || from === '') throw invalid(`"${text}" is not NAME, NAME=FROM or NAME:TYPE`);
  if (type !== undefined && !(COLUMN_TYPES as readonly string[]).includes(type)) {
    throw invalid(`${name}: no type is called ${type}; there are ${COLUMN_TYPES.join(', ')}`);
  }
  if ((OWN_COLUMNS as readonly string[]).includes(name)) {
    throw invalid(
      `documents/ has a column ${name} of its own`,
      `give it another name: \`${from}_of_source=${from}\``,
    );
  }
  return { name, from, ...(type ? { type: type as ColumnType } : {}) };
}

function invalid(problem: string, hint?: string): CodecLmError {
  return new CodecLmError('USAGE', `\`columns\`: ${problem}`, hint ? { hint } : {});
}
