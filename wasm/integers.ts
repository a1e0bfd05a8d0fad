/**
 * Vector instructions on integers of 16, 32 and 64 bits, and some instructions on single 64-bit
 * integers.
 */
import { binary, type Code, f32x4, i32, reading, simd, unary, writing } from './assembler.ts';

const shift =
  (opcode: number) =>
  (vector: Code, bits: number): Code => [vector, i32.const(bits), simd(opcode)];

export const i64 = {
  /** @param value 0..63, a shift count in bits */
  const: (value: number): Code => [0x42, value],
  store: writing(0x37),
  or: binary(0x84),
  shl: (a: Code, bits: number): Code => [a, i64.const(bits), 0x86],
  shrU: (a: Code, bits: number): Code => [a, i64.const(bits), 0x88],
};

export const bits = {
  and: binary(simd(78)),
  or: binary(simd(80)),
  const: (bytes: Uint8Array): Code => [simd(12), [...bytes]],
};

export const i8x16 = {
  /** Narrows signed 16-bit lanes, those of the first vector in front; saturates. */
  narrowSigned: binary(simd(101)),
};

export const i16x8 = {
  /** The first or last eight signed bytes, each widened. */
  extendLow: unary(simd(135)),
  extendHigh: unary(simd(136)),
  /** Eight signed bytes, each widened. */
  loadBytes: reading(simd(1), 3),
  splat: unary(simd(16)),
  const: (lanes: readonly number[]): Code => bits.const(bytesOf(Uint16Array.from(lanes))),
  eq: binary(simd(45)),
  narrow: binary(simd(134)),
  /** Narrows signed 32-bit lanes, those of the first vector in front; saturates. */
  narrowSigned: binary(simd(133)),
  /** @param bits an i32 */
  shlBy: (vector: Code, bits: Code): Code => [vector, bits, simd(139)],
  shrU: shift(141),
  sub: binary(simd(145)),
  mul: binary(simd(149)),
  maxU: binary(simd(153)),
};

/** Signed 32-bit lanes. */
export const s32x4 = {
  shrS: shift(172),
  sub: binary(simd(177)),
  /** Products of 16-bit lanes, added in pairs. */
  dot: binary(simd(186)),
  toFloat: unary(simd(250)),
  lane: (vector: Code, lane: number): Code => [vector, simd(27), lane],
};

export const u32x4 = {
  /** The first or last four unsigned 16-bit lanes, each widened. */
  extendLow: unary(simd(169)),
  extendHigh: unary(simd(170)),
  const: (lanes: readonly number[]): Code => bits.const(bytesOf(Uint32Array.from(lanes))),
  shl: shift(171),
  shrU: shift(173),
  mul: binary(simd(181)),
};

export const u64x2 = {
  lane: (vector: Code, lane: number): Code => [vector, simd(29), lane],
  shl: shift(203),
  shrU: shift(205),
};

/** 1.5 * 2^23: a number of up to 22 bits that is added to it is rounded, and lies in its lowest bits. */
const ROUNDING = 12_582_912;
const ROUNDING_BITS = 0x4b400000;

/**
 * The nearest whole numbers, ties to even, of four fp32 numbers below 2^22; in two instructions, where
 * `nearest` and `truncate` are seven on x86. Without meaning for larger numbers and NaN.
 */
export function nearestInteger(numbers: Code): Code {
  return s32x4.sub(
    f32x4.add(numbers, f32x4.const(ROUNDING)),
    u32x4.const(new Array(4).fill(ROUNDING_BITS)),
  );
}

/** @param bytes index in `vector` (0..15) for each byte of the result */
export function pickBytes(vector: Code, bytes: readonly number[]): Code {
  return [vector, vector, simd(13), bytes];
}

function bytesOf(lanes: Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(lanes.buffer);
}
