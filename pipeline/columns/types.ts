/**
 * Decides the type of each column from all of its values, so that every file of documents/ has the
 * same one. Text (CSV, `.cls`) may mean a number; values of JSON and Parquet have their own types,
 * which have to agree.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Column, ColumnSpec, ColumnType, RawValue } from '../../schemas/columns.ts';

/** Kinds of values; those of text begin with `text`. */
type Kind =
  | 'text'
  | 'text integer'
  | 'text number'
  | 'text boolean'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'string'
  | 'object';

/** A value where it was found. */
export interface FoundValue {
  raw: RawValue;
  kind: Kind;
}

/** Place of a value, for messages: a table and its row, counted from 1, or a member of an archive. */
export interface ValuePlace {
  file: string;
  row?: number;
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const BOOLEAN = /^(?:true|false)$/i;
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Kinds that a type takes. */
const TAKEN: Readonly<Record<ColumnType, readonly Kind[]>> = {
  string: [
    ...(['text', 'text integer', 'text number', 'text boolean'] as const),
    ...(['integer', 'number', 'boolean', 'string', 'object'] as const),
  ],
  int64: ['text integer', 'integer'],
  double: ['text integer', 'text number', 'integer', 'number'],
  boolean: ['text boolean', 'boolean'],
};

/** The kind that text could be. An identifier such as `007` stays text. */
export function kindOfText(text: string): Kind {
  if (INTEGER.test(text) && isInt64(BigInt(text))) return 'text integer';
  if (NUMBER.test(text)) return 'text number';
  return BOOLEAN.test(text) ? 'text boolean' : 'text';
}

export function isInt64(value: bigint): boolean {
  return value >= INT64.min && value <= INT64.max;
}

interface Seen {
  kind: Kind;
  place: ValuePlace;
}

export class ColumnTypes {
  readonly #specs: readonly ColumnSpec[];
  /** Kinds of each column, with the first place of each. */
  readonly #seen: Seen[][];

  constructor(specs: readonly ColumnSpec[]) {
    this.#specs = specs;
    this.#seen = specs.map(() => []);
  }

  /**
   * Notes a value of a column.
   * @throws CodecLmError `LIST_INVALID` where it is not of the type that was asked for
   */
  observe(index: number, { raw, kind }: FoundValue, place: ValuePlace): void {
    if (raw === null) return;
    const { name, from, type } = this.#specs[index];
    const seen = this.#seen[index];
    const isNew = !seen.some((other) => other.kind === kind);
    if (type !== undefined && !TAKEN[type].includes(kind)) {
      const isDigits =
        type === 'int64' && kind === 'string' && kindOfText(`${raw}`) === 'text integer';
      if (!isDigits) throw otherType(from, place, `${shown(raw)} is no ${type}`, name);
    }
    if (isNew) seen.push({ kind, place });
  }

  /**
   * @param mayLack whether a column may have no value
   * @throws CodecLmError `LIST_INVALID` for a column without values, or of several types
   */
  resolve(mayLack = false): Column[] {
    return this.#specs.map(({ name, from, type }, i) => {
      if (this.#seen[i].length === 0 && !mayLack) throw nowhere(name, from);
      return { name, type: type ?? this.#typeOf(i) };
    });
  }

  #typeOf(index: number): ColumnType {
    const seen = this.#seen[index];
    const { name, from } = this.#specs[index];
    const families = new Map<string, Seen>();
    for (const one of seen) {
      const family = familyOf(one.kind);
      if (family && !families.has(family)) families.set(family, one);
    }
    const [first, second] = [...families.values()];
    if (second) throw mixed(name, from, first, second);
    const kinds = seen.map(({ kind }) => kind);
    const fits = (type: ColumnType) => kinds.every((kind) => TAKEN[type].includes(kind));
    const decided = (['int64', 'double', 'boolean'] as const).find(fits) ?? 'string';
    const text = seen.find(({ kind }) => kind.startsWith('text'));
    const isNumber = first && !['string', 'object'].includes(first.kind);
    if (decided === 'string' && isNumber && text) throw mixed(name, from, first, text);
    return decided;
  }
}

/** Values of different families do not become one column by themselves. */
function familyOf(kind: Kind): string | undefined {
  if (kind.startsWith('text')) return undefined;
  return kind === 'integer' ? 'number' : kind;
}

function shown(raw: RawValue): string {
  const text = JSON.stringify(raw);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function placeName({ file, row }: ValuePlace): string {
  return row === undefined ? file : `${file}, row ${row}`;
}

function otherType(from: string, place: ValuePlace, problem: string, name: string): CodecLmError {
  return listError(place, `column ${from}: ${problem}`, `correct it, or take \`${name}:string\``);
}

function mixed(name: string, from: string, a: Seen, b: Seen): CodecLmError {
  const [first, second] = [a, b].map(
    ({ kind, place }) => `${kind.replace(/^text ?/, '') || 'string'} in ${placeName(place)}`,
  );
  return new CodecLmError('LIST_INVALID', `column ${from} has mixed types: ${first}, ${second}`, {
    path: b.place.file,
    hint: `make them one type, or take all as text: \`${name}:string\``,
  });
}

function nowhere(name: string, from: string): CodecLmError {
  return new CodecLmError('LIST_INVALID', `column ${name}: no input has a value of ${from}`, {
    hint: 'columns are those of a table (`list`), or members of archives beside the picture: `txt`, `cls`, `json`, `json.FIELD`',
  });
}

/** An error that says file, row and what to do. */
export function listError(
  place: ValuePlace,
  problem: string,
  hint: string,
  cause?: unknown,
): CodecLmError {
  const details = { path: place.file, hint, cause };
  return new CodecLmError('LIST_INVALID', `${placeName(place)}: ${problem}`, details);
}
