/**
 * Columns whose values may be missing: definition levels (0 null, 1 a value) in repeated runs, then the
 * values that there are, in PLAIN encoding (Parquet format, Encodings).
 */
import type { Column, ColumnValue } from '../../schemas/columns.ts';
import { readVarint, writeVarint } from '../parquet/levels.ts';

const INT64_BYTES = 8;

/** The body of a data page. */
export function encodeNullable(values: readonly ColumnValue[], type: Column['type']): Buffer {
  const there = values.filter((value) => value !== null);
  const levels = encodeDefined(values);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(levels.length);
  return Buffer.concat([length, levels, encodeValues(there, type)]);
}

function encodeDefined(values: readonly ColumnValue[]): Uint8Array {
  const runs: number[] = [];
  for (let start = 0; start < values.length; ) {
    const isNull = values[start] === null;
    let end = start + 1;
    while (end < values.length && (values[end] === null) === isNull) end++;
    const varint = new Uint8Array(5);
    runs.push(...varint.subarray(0, writeVarint((end - start) * 2, varint, 0)), isNull ? 0 : 1);
    start = end;
  }
  return Uint8Array.from(runs);
}

function encodeValues(values: readonly ColumnValue[], type: Column['type']): Buffer {
  switch (type) {
    case 'string':
      return encodeTexts(values as readonly string[]);
    case 'boolean': {
      const bits = Buffer.alloc(Math.ceil(values.length / 8));
      for (const [i, value] of values.entries()) if (value) bits[i >> 3] |= 1 << (i & 7);
      return bits;
    }
    default: {
      const bytes = Buffer.alloc(values.length * 8);
      for (const [i, value] of values.entries()) {
        if (type === 'double') bytes.writeDoubleLE(Number(value), i * 8);
        else bytes.writeBigInt64LE(BigInt(value as number | bigint), i * INT64_BYTES);
      }
      return bytes;
    }
  }
}

/** BYTE_ARRAY in PLAIN encoding: each text has its length before it. */
export function encodeTexts(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/**
 * @param body of a data page with `rows` values
 * @throws RangeError when it is not in the form of {@link encodeNullable}
 */
export function decodeNullable(body: Buffer, type: Column['type'], rows: number): ColumnValue[] {
  const start = 4;
  const end = start + (body.length >= start ? body.readUInt32LE(0) : Number.NaN);
  if (!(end <= body.length)) throw new RangeError('levels longer than their page');
  const isThere = decodeDefined(body.subarray(start, end), rows);
  const count = isThere.reduce((sum, flag) => sum + flag, 0);
  const values = decodeValues(body.subarray(end), type, count);
  let at = 0;
  return Array.from(isThere, (flag) => (flag ? values[at++] : null));
}

function decodeDefined(levels: Buffer, rows: number): Uint8Array {
  const isThere = new Uint8Array(rows);
  let row = 0;
  for (let at = 0; at < levels.length; ) {
    const { value, end } = readVarint(levels, at);
    const count = value >>> 1;
    const level = levels[end];
    if ((value & 1) !== 0 || count === 0 || row + count > rows || !(level <= 1)) {
      throw new RangeError('damaged definition levels');
    }
    isThere.fill(level, row, row + count);
    row += count;
    at = end + 1;
  }
  if (row !== rows) throw new RangeError('definition levels cut short');
  return isThere;
}

function decodeValues(body: Buffer, type: Column['type'], count: number): ColumnValue[] {
  if (type === 'string') return decodeTexts(body, count);
  const wanted = type === 'boolean' ? Math.ceil(count / 8) : count * 8;
  if (body.length !== wanted) throw new RangeError(`${body.length} bytes of ${count} values`);
  return Array.from({ length: count }, (_, i) => {
    if (type === 'boolean') return ((body[i >> 3] >> (i & 7)) & 1) === 1;
    if (type === 'double') return body.readDoubleLE(i * 8);
    const value = body.readBigInt64LE(i * INT64_BYTES);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  });
}

export function decodeTexts(body: Buffer, count: number): string[] {
  let at = 0;
  const found = Array.from({ length: count }, () => {
    const start = at + 4;
    at = start + body.readUInt32LE(at);
    if (at > body.length) throw new RangeError('text cut short');
    return body.toString('utf8', start, at);
  });
  if (at !== body.length) throw new RangeError('bytes behind the last text');
  return found;
}
