/** Values of columns: from what a table or a member holds to the plan, and from there to documents/. */
import type { Column, ColumnValue, RawValue } from '../../schemas/columns.ts';
import { type FoundValue, isInt64, kindOfText } from './types.ts';

const NOTHING: FoundValue = { raw: null, kind: 'text' };

/** A cell of text, such as that of a CSV; an empty one is missing. */
export function foundText(text: string | undefined): FoundValue {
  if (text === undefined || text === '') return NOTHING;
  return { raw: text, kind: kindOfText(text) };
}

/** A text that stays one, even if it is empty or looks like a number. */
export function foundString(text: string): FoundValue {
  return { raw: text, kind: 'string' };
}

/**
 * A value of JSON or Parquet.
 * @param isNumber whether its column is of floating point, so that a whole number is none by its type
 * @returns undefined for a value that no column can hold: bytes, an integer beyond 64 bits or one that
 *   JSON does not hold exactly
 */
export function foundValue(value: unknown, isNumber = false): FoundValue | undefined {
  switch (typeof value) {
    case 'string':
      return foundString(value);
    case 'boolean':
      return { raw: value, kind: 'boolean' };
    case 'bigint':
      return isInt64(value) ? { raw: exact(value), kind: 'integer' } : undefined;
    case 'number':
      // pandas writes a missing number as NaN.
      if (!Number.isFinite(value)) return Number.isNaN(value) ? NOTHING : undefined;
      if (isNumber || !Number.isInteger(value)) return { raw: value, kind: 'number' };
      return Number.isSafeInteger(value) ? { raw: value, kind: 'integer' } : undefined;
    default:
      return foundObject(value);
  }
}

function foundObject(value: unknown): FoundValue | undefined {
  if (value === null || value === undefined) return NOTHING;
  if (value instanceof Uint8Array) return undefined;
  if (value instanceof Date) return foundString(value.toISOString());
  const text = JSON.stringify(value, (_, inner) =>
    typeof inner === 'bigint' ? exact(inner) : inner,
  );
  return { raw: text, kind: 'object' };
}

function exact(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** The value of a column by its type, which all of its values fit. */
export function typedValue(raw: RawValue, type: Column['type']): ColumnValue {
  if (raw === null) return null;
  switch (type) {
    case 'string':
      return String(raw);
    case 'double':
      return Number(raw);
    case 'boolean':
      return typeof raw === 'boolean' ? raw : /^true$/i.test(String(raw));
    default: {
      const number = Number(raw);
      return Number.isSafeInteger(number) ? number : BigInt(raw);
    }
  }
}

/** The columns of a document by name. */
export function columnsByName(
  columns: readonly Column[],
  values: readonly RawValue[] | undefined,
): Record<string, ColumnValue> {
  return Object.fromEntries(
    columns.map(({ name, type }, i) => [name, typedValue(values?.[i] ?? null, type)]),
  );
}
