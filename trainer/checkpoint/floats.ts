/** The floating-point formats that weights are stored in, widened to fp32. */
import { endianness } from 'node:os';
import { CodecLmError } from '../../schemas/error.ts';

/** Safetensors' names. */
export const FLOAT_TYPES = ['F32', 'F16', 'BF16'] as const;

export type FloatType = (typeof FLOAT_TYPES)[number];

export const BYTES_PER_ELEMENT: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * @param bytes little-endian, a whole number of elements
 * @returns the same values exactly: both 16-bit formats are subsets of fp32
 */
export function toFloat32(bytes: Buffer, type: FloatType): Float32Array {
  if (endianness() !== 'LE') {
    throw new CodecLmError('INTERNAL', 'weights are read and written on little-endian machines');
  }
  // A buffer from a pool may begin at any byte; typed arrays must not.
  const { buffer } = new Uint8Array(bytes);
  if (type === 'F32') return new Float32Array(buffer);
  const halves = new Uint16Array(buffer);
  const bits = new Uint32Array(halves.length);
  const widen = type === 'BF16' ? widenBfloat16 : widenFloat16;
  for (let i = 0; i < halves.length; i++) bits[i] = widen(halves[i]);
  return new Float32Array(bits.buffer);
}

/** bfloat16 is the upper half of an fp32. */
function widenBfloat16(half: number): number {
  return half << 16;
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
