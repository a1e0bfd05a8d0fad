/**
 * Repetition and definition levels of a LIST column whose lists are never empty and never null: 0
 * starts a row, 1 continues it, and every value is defined. They are written as repeated runs
 * (Parquet format, Encodings, RLE; bit width 1).
 */

/** Longest varint of a 32-bit run header, in bytes. */
const MAX_VARINT = 5;
/** A power is a call of the mathematical library. */
const SCALES = [1, 2 ** 7, 2 ** 14, 2 ** 21, 2 ** 28];

export function writeVarint(value: number, target: Uint8Array, offset: number): number {
  let rest = value;
  let at = offset;
  while (rest > 127) {
    target[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** @throws RangeError when the varint does not end within the buffer or within 32 bits */
export function readVarint(source: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < MAX_VARINT; i++) {
    const byte = source[offset + i];
    if (byte === undefined) break;
    value += (byte & 127) * SCALES[i];
    if (byte < 128) return { value, end: offset + i + 1 };
  }
  throw new RangeError(`no varint at byte ${offset}`);
}

/**
 * Encodes both levels, each after its length; a v1 data page begins with them.
 * @param lengths number of values in each list, all > 0
 */
export function encodeLevels(lengths: ArrayLike<number>): Uint8Array {
  const buffer = new Uint8Array(8 + (lengths.length * 2 + 1) * (MAX_VARINT + 1));
  const view = new DataView(buffer.buffer);
  let at = 4;
  let values = 0;
  for (let i = 0; i < lengths.length; i++) {
    at = writeRun(1, 0, buffer, at);
    if (lengths[i] > 1) at = writeRun(lengths[i] - 1, 1, buffer, at);
    values += lengths[i];
  }
  view.setUint32(0, at - 4, true);
  const end = writeRun(values, 1, buffer, at + 4);
  view.setUint32(at, end - at - 4, true);
  return buffer.subarray(0, end);
}

function writeRun(count: number, level: number, target: Uint8Array, offset: number): number {
  const at = writeVarint(count * 2, target, offset);
  target[at] = level;
  return at + 1;
}

/**
 * @param rows number of lists in the page
 * @param values number of values in all lists together
 * @returns the length of each list, and the offset of the values
 * @throws RangeError when the levels are not in the form that encodeLevels writes
 */
export function decodeLevels(
  body: Uint8Array,
  rows: number,
  values: number,
): { lengths: Int32Array; end: number } {
  const lengths = new Int32Array(rows);
  let row = 0;
  let left = values;
  const repetition = section(body, 0);
  for (let at = repetition.start; at < repetition.end; ) {
    const run = readRun(body, at);
    at = run.end;
    left -= run.count;
    if (left < 0) throw new RangeError('more repetition levels than values');
    if (run.level === 0) {
      if (run.count !== 1 || row === rows) throw new RangeError('one row too many in the levels');
      lengths[row++] = 1;
    } else {
      if (row === 0) throw new RangeError('the first value continues no row');
      lengths[row - 1] += run.count;
    }
  }
  const definition = section(body, repetition.end);
  const defined = readRun(body, definition.start);
  if (row !== rows || left !== 0) throw new RangeError('rows or values missing in the levels');
  if (defined.end !== definition.end || defined.count !== values || defined.level !== 1) {
    throw new RangeError('a value is null or undefined');
  }
  return { lengths, end: definition.end };
}

function section(body: Uint8Array, offset: number): { start: number; end: number } {
  if (offset + 4 > body.length) throw new RangeError('levels cut short');
  const length = new DataView(body.buffer, body.byteOffset).getUint32(offset, true);
  if (length > body.length - offset - 4) throw new RangeError('levels longer than their page');
  return { start: offset + 4, end: offset + 4 + length };
}

function readRun(body: Uint8Array, offset: number): { count: number; level: number; end: number } {
  const { value, end } = readVarint(body, offset);
  const level = body[end];
  if (value % 2 === 1 || value === 0 || !(level <= 1)) throw new RangeError('not a run of levels');
  return { count: value / 2, level, end: end + 1 };
}
