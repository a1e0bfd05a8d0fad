/**
 * NumPy's array files, `.npy` (NEP 1): a magic number, a header that is a Python dictionary, then
 * the elements. Objects would be pickles, which can run anything: they are refused.
 */
import { CodecLmError } from '../../base/error.ts';

export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array;
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy itself refuses more, for the same reason: the header is evaluated. */
const MAX_HEADER = 10_000;
const MAX_RANK = 4;
/** A name of a network or of a resize. */
const MAX_TEXT = 1000;

/** `<f8`, `<f4`: what statistics are written as. Whole numbers are widened. */
const READERS: Readonly<
  Record<string, { size: number; read(bytes: Uint8Array): NumericArray['data'] }>
> = {
  '<f8': { size: 8, read: (bytes) => new Float64Array(aligned(bytes)) },
  '<f4': { size: 4, read: (bytes) => new Float32Array(aligned(bytes)) },
  '<i8': { size: 8, read: (bytes) => Float64Array.from(new BigInt64Array(aligned(bytes)), Number) },
  '<i4': { size: 4, read: (bytes) => Float64Array.from(new Int32Array(aligned(bytes))) },
  '|u1': { size: 1, read: (bytes) => Float32Array.from(bytes) },
};

/** A copy: elements may begin at any byte of a buffer, and typed arrays must not. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

interface Header {
  descr: string;
  isFortran: boolean;
  shape: number[];
  start: number;
}

/**
 * @param label file and member, for messages
 * @returns the elements in C order
 * @throws CodecLmError `STATISTICS_INVALID`
 */
export function parseNpy(bytes: Buffer, label: string): NumericArray {
  const { descr, isFortran, shape, start } = parseHeader(bytes, label);
  const reader = Object.hasOwn(READERS, descr) ? READERS[descr] : undefined;
  if (!reader) {
    throw invalid(label, `elements of type ${descr}; ${Object.keys(READERS).join(', ')} are read`);
  }
  const count = shape.reduce((product, side) => product * side, 1);
  if (count * reader.size !== bytes.length - start) {
    throw invalid(label, `[${shape}] of ${descr} is not ${bytes.length - start} bytes`);
  }
  const data = reader.read(bytes.subarray(start));
  return { shape, data: isFortran && shape.length > 1 ? transposed(data, shape, label) : data };
}

/** A text: an array of shape () and type `<U…`. @throws CodecLmError `STATISTICS_INVALID` */
export function parseNpyText(bytes: Buffer, label: string): string {
  const { descr, shape, start } = parseHeader(bytes, label);
  const length = Number(/^<U(\d{1,4})$/.exec(descr)?.[1]);
  if (!(length <= MAX_TEXT) || shape.length > 0 || bytes.length - start !== length * 4) {
    throw invalid(label, `no text: [${shape}] of ${descr}`);
  }
  const points = Array.from({ length }, (_, i) => bytes.readUInt32LE(start + i * 4));
  if (points.some((point) => point > 0x10ffff)) throw invalid(label, 'no text: no such character');
  return String.fromCodePoint(...points).replace(/\0+$/, '');
}

/** @returns header and elements, as they follow one another in the file */
export function encodeNpy({ shape, data }: NumericArray): Uint8Array[] {
  const descr = data instanceof Float64Array ? '<f8' : '<f4';
  const { buffer, byteOffset, byteLength } = data;
  return [headerOf(descr, shape), new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)];
}

export function encodeNpyText(text: string): Uint8Array[] {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const data = Buffer.alloc(points.length * 4);
  for (const [i, point] of points.entries()) data.writeUInt32LE(point, i * 4);
  return [headerOf(`<U${points.length}`, []), data];
}

/** Padded so that the elements begin at a multiple of 64 bytes, as NumPy does. */
function headerOf(descr: string, shape: readonly number[]): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ');
  MAGIC.copy(header);
  header.writeUInt16LE(1, 6); // version 1.0
  header.writeUInt16LE(length, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', 9 + length, 'latin1');
  return header;
}

function parseHeader(bytes: Buffer, label: string): Header {
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC)) {
    throw invalid(label, 'no NumPy array');
  }
  const isLong = bytes[6] > 1;
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const from = isLong ? 12 : 10;
  if (length > MAX_HEADER || from + length > bytes.length) {
    throw invalid(label, `its header claims ${length} bytes`);
  }
  const text = bytes.toString('latin1', from, from + length);
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sides === undefined) {
    throw invalid(label, 'its header does not say type, order and shape');
  }
  if (descr.includes('O')) {
    throw invalid(label, 'it holds Python objects (a pickle), which are not read');
  }
  const shape = sides
    .split(',')
    .map((side) => side.trim())
    .filter(Boolean)
    .map(Number);
  const count = shape.reduce((product, side) => product * side, 1);
  if (shape.length > MAX_RANK || !Number.isSafeInteger(count)) {
    throw invalid(label, `its shape is [${shape}]`);
  }
  return { descr, isFortran: order === 'True', shape, start: from + length };
}

/** From Fortran's order to C's, for matrices. */
function transposed<T extends NumericArray['data']>(data: T, shape: number[], label: string): T {
  if (shape.length !== 2) throw invalid(label, `[${shape}] in Fortran's order is not read`);
  const [rows, columns] = shape;
  const result = data.slice() as T;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[i * columns + j] = data[j * rows + i];
  }
  return result;
}

function invalid(label: string, message: string): CodecLmError {
  return new CodecLmError('STATISTICS_INVALID', `${label}: ${message}`, {
    path: label,
    hint: 'write it with numpy.savez as float64 or float32 arrays',
  });
}
