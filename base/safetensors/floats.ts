/** Converts between fp32 and the floating-point formats in which weights are stored. */
import { endianness } from 'node:os';
import { CodecLmError } from '../error.ts';

/** Safetensors' names of the formats that are read. */
export const READABLE_TYPES = ['F32', 'F16', 'BF16', 'F64'] as const;

const FINITE_BLOCK = 4096;

export type ReadableType = (typeof READABLE_TYPES)[number];

/** Formats that are written as well. */
export type FloatType = Exclude<ReadableType, 'F64'>;

export const BYTES_PER_ELEMENT: Readonly<Record<ReadableType, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
};

/**
 * @param bytes little-endian, a whole number of elements
 * @returns exactly the same values for types of 16 or 32 bits; for F64 the nearest fp32, or
 *   infinity beyond its range
 */
export function toFloat32(bytes: Buffer, type: ReadableType): Float32Array {
  if (endianness() !== 'LE') {
    throw new CodecLmError('INTERNAL', 'weights are read and written on little-endian machines');
  }
  // A buffer from a pool may begin at any byte, but typed arrays need aligned memory.
  const { buffer } = new Uint8Array(bytes);
  if (type === 'F32') return new Float32Array(buffer);
  if (type === 'F64') return new Float32Array(new Float64Array(buffer));
  const halves = new Uint16Array(buffer);
  const bits = new Uint32Array(halves.length);
  if (type === 'BF16') {
    // bfloat16 is the upper half of an fp32.
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  } else {
    for (let i = 0; i < halves.length; i++) bits[i] = widenFloat16(halves[i]);
  }
  return new Float32Array(bits.buffer);
}

/**
 * Index of the first element that is NaN or infinite; -1 if all are finite. Any finite value times
 * zero is zero, so the sum of these products checks a whole block with one comparison: 0.4 ns per
 * element.
 */
export function firstNotFinite(values: Float32Array): number {
  for (let from = 0; from < values.length; from += FINITE_BLOCK) {
    const end = Math.min(from + FINITE_BLOCK, values.length);
    let sum = 0;
    for (let i = from; i < end; i++) sum += values[i] * 0;
    if (sum === 0) continue;
    for (let i = from; i < end; i++) if (!Number.isFinite(values[i])) return i;
  }
  return -1;
}

/** The bits of the exponent; NaN and infinity have all of them, in fp32 as well. */
const EXPONENT = { F16: 0x7c00, BF16: 0x7f80 } as const;

/**
 * Whether all elements are finite, without widening them.
 * @param bytes little-endian, a whole number of elements of 16 bits
 */
export function areHalvesFinite(bytes: Uint8Array, type: keyof typeof EXPONENT): boolean {
  const { buffer, byteOffset } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  const halves = new Uint16Array(buffer, byteOffset, bytes.length / 2);
  const exponent = EXPONENT[type];
  for (let i = 0; i < halves.length; i++) if ((halves[i] & exponent) === exponent) return false;
  return true;
}

/** IEEE 754 binary16: 5 bits of exponent (bias 15), 10 of fraction. Returns the bits of an fp32. */
function widenFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13); // infinity, NaN
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half, fraction * 2^-24, is a normal fp32: shift until the leading 1 is implied.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/**
 * @returns the values as little-endian bytes, rounded to the nearest value of the type, ties to
 * even
 */
export function fromFloat32(values: Float32Array, type: FloatType): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.slice().buffer);
  const halves = new Uint16Array(bits.length);
  const narrow = type === 'BF16' ? narrowBfloat16 : narrowFloat16;
  for (let i = 0; i < bits.length; i++) halves[i] = narrow(bits[i]);
  return new Uint8Array(halves.buffer);
}

function narrowBfloat16(bits: number): number {
  if (isNaNBits(bits)) return (bits >>> 16) | 0x40; // quiet: its fraction must not become 0
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** @param bits of an fp32 @returns those of the nearest fp16, ties to even */
export function narrowFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  if (isNaNBits(bits)) return sign | 0x7e00;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = (bits & 0x7fffff) | 0x800000;
  if (exponent >= 31) return sign | 0x7c00;
  // A normal half loses 13 of the 24 bits of fraction; a subnormal half loses one more per power
  // of two below 2^-14.
  const lost = exponent > 0 ? 13 : Math.min(14 - exponent, 31);
  const half = lost > 24 ? 0 : fraction >>> lost;
  const rest = fraction - half * 2 ** lost;
  const isUp = rest > 2 ** (lost - 1) || (rest === 2 ** (lost - 1) && (half & 1) === 1);
  // The leading 1 of a normal half adds one to the exponent, and a carry of the fraction also
  // goes there.
  return sign | (half + (isUp ? 1 : 0) + (exponent > 0 ? (exponent - 1) << 10 : 0));
}

function isNaNBits(bits: number): boolean {
  return (bits & 0x7fffffff) > 0x7f800000;
}
