/**
 * Keys and values as 8-bit numbers: those of a head and position share a scale, bfloat16, rounded up.
 * A page holds, of one head: the keys of 64 positions, [64, size]; their scales; the values, in
 * pieces of 16 numbers and pairs of positions, [size / 16, 32, 16, 2]; their scales. So attention
 * multiplies pairs of 16 bits (`i32x4.dot_i16x8_s`), over numbers of a key and over positions of the
 * values. Queries are rounded to 16 bits, with a scale each.
 */
import {
  type Code,
  F32,
  type FunctionSpec,
  f32,
  f32x4,
  forEachOnce,
  I32,
  i32,
  type Local,
  type Scope,
  V128,
  v128,
  whileLoop,
} from '../../../../wasm/assembler.ts';
import { bits, i8x16, i16x8, nearestInteger } from '../../../../wasm/integers.ts';
import { CACHE_PAGE } from './pages.ts';

/** Numbers of a head that lie together for two positions. */
export const VALUE_PIECE = 16;
/** Bytes of a piece for two positions. */
export const PAIR_BYTES = 2 * VALUE_PIECE;
/** Bytes of a piece for all positions of a page. */
export const PIECE_BYTES = VALUE_PIECE * CACHE_PAGE;
const FLOAT = 4;
const SCALES_BYTES = 2 * CACHE_PAGE;
const [LARGEST_CACHED, LARGEST_QUERY] = [127, 32_767];

/** Where the parts of a page lie. */
export function int8Page(size: number) {
  const keyScales = CACHE_PAGE * size;
  const values = keyScales + SCALES_BYTES;
  return { keyScales, values, valueScales: values + CACHE_PAGE * size };
}

export function int8PageBytes(size: number): number {
  return int8Page(size).valueScales + SCALES_BYTES;
}

/** Where the scale of a query lies, fp32, behind its numbers. */
export function queryScale(size: number): number {
  return 2 * size;
}

/** @param size size of a head, a multiple of 16 */
export function int8StoreKernels(size: number): FunctionSpec[] {
  return [storeKey(size), storeValue(size), roundQueries(size)];
}

/** Parameters: from (fp32), page of the head, index of the position in it. */
function storeKey(size: number): FunctionSpec {
  return {
    name: 'storeKey',
    params: [I32, I32, I32],
    body(scope, from, page, index) {
      const [to, end] = [scope.local(I32), scope.local(I32)];
      const inverse = scope.local(V128);
      const four = (n: number) => roundedTo16(from.get, 32 * n, inverse);
      return [
        storeScale(scope, size, int8Page(size).keyScales, { from, page, index, inverse }),
        to.set(i32.add(page.get, i32.mul(index.get, i32.const(size)))),
        end.set(i32.add(from.get, i32.const(size * FLOAT))),
        forEachOnce(from, end.get, VALUE_PIECE * FLOAT, [
          v128.store(to.get, i8x16.narrowSigned(four(0), four(1))),
          to.set(i32.add(to.get, i32.const(VALUE_PIECE))),
        ]),
      ];
    },
  };
}

/** Parameters as those of `storeKey`. Every second byte belongs to the other position of a pair. */
function storeValue(size: number): FunctionSpec {
  return {
    name: 'storeValue',
    params: [I32, I32, I32],
    body(scope, from, page, index) {
      const [to, end, shift] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [inverse, others] = [scope.local(V128), scope.local(V128)];
      const { values, valueScales } = int8Page(size);
      const pair = i32.mul(i32.shrU(index.get, 1), i32.const(PAIR_BYTES));
      return [
        storeScale(scope, size, valueScales, { from, page, index, inverse }),
        to.set(i32.add(i32.add(page.get, pair), i32.const(values))),
        end.set(i32.add(from.get, i32.const(size * FLOAT))),
        shift.set(i32.shl(i32.and(index.get, i32.const(1)), 3)),
        others.set(i16x8.shlBy(i16x8.splat(i32.const(0xff)), i32.sub(i32.const(8), shift.get))),
        forEachOnce(from, end.get, VALUE_PIECE * FLOAT, [
          [0, 1].map((half) => {
            const bytes = bits.and(
              roundedTo16(from.get, 32 * half, inverse),
              i16x8.splat(i32.const(0xff)),
            );
            const kept = bits.and(v128.load(to.get, 16 * half), others.get);
            return v128.store(to.get, bits.or(kept, i16x8.shlBy(bytes, shift.get)), 16 * half);
          }),
          to.set(i32.add(to.get, i32.const(PIECE_BYTES))),
        ]),
      ];
    },
  };
}

/**
 * Rounds queries to 16 bits where they are, each in the first half of its place, with its scale behind.
 * Parameters: q, heads.
 */
function roundQueries(size: number): FunctionSpec {
  return {
    name: 'roundQueries',
    params: [I32, I32],
    body(scope, q, heads) {
      const [from, to] = [scope.local(I32), scope.local(I32)];
      const [end, last] = [scope.local(I32), scope.local(I32)];
      const [largest, inverse] = [scope.local(F32), scope.local(V128)];
      return [
        last.set(i32.add(q.get, i32.mul(heads.get, i32.const(size * FLOAT)))),
        whileLoop(i32.ltU(q.get, last.get), [
          largest.set(largestOf(scope, q, size)),
          inverse.set(f32x4.splat(f32.div(f32.const(LARGEST_QUERY), largest.get))),
          from.set(q.get),
          to.set(q.get),
          end.set(i32.add(q.get, i32.const(size * FLOAT))),
          forEachOnce(from, end.get, 32, [
            v128.store(to.get, roundedTo16(from.get, 0, inverse)),
            to.set(i32.add(to.get, i32.const(16))),
          ]),
          f32.store(q.get, f32.mul(largest.get, f32.const(1 / LARGEST_QUERY)), queryScale(size)),
          q.set(end.get),
        ]),
      ];
    },
  };
}

/** Stores the scale of a key or value, and sets what its numbers are multiplied by. */
function storeScale(
  scope: Scope,
  size: number,
  scales: number,
  at: { from: Local; page: Local; index: Local; inverse: Local },
): Code {
  const scale = scope.local(I32);
  const largest = f32.mul(largestOf(scope, at.from, size), f32.const(1 / LARGEST_CACHED));
  return [
    scale.set(i32.add(f32.bits(largest), i32.const(0xffff))),
    i32.storeHalf(i32.add(at.page.get, i32.shl(at.index.get, 1)), i32.shrU(scale.get, 16), scales),
    scale.set(i32.and(scale.get, i32.const(-0x10000))),
    at.inverse.set(f32x4.splat(f32.div(f32.const(1), f32.ofBits(scale.get)))),
  ];
}

/** The largest magnitude of the numbers of a head. */
function largestOf(scope: Scope, from: Local, size: number): Code {
  const [at, end] = [scope.local(I32), scope.local(I32)];
  const most = scope.local(V128);
  const lanes = [0, 1, 2, 3].map((lane) => f32x4.lane(most.get, lane));
  return [
    at.set(from.get),
    end.set(i32.add(from.get, i32.const(size * FLOAT))),
    most.set(f32x4.const(0)),
    forEachOnce(at, end.get, 16, most.set(f32x4.max(most.get, f32x4.abs(v128.load(at.get))))),
    lanes.reduce((sofar, lane) => f32.max(sofar, lane)),
  ];
}

/**
 * Eight numbers as 16 bits each. A head of zeros has the scale 0, one with NaN or an infinity such a
 * scale: what its numbers become does not matter.
 */
function roundedTo16(from: Code, offset: number, inverse: Local): Code {
  const four = (half: number): Code =>
    nearestInteger(f32x4.mul(v128.load(from, offset + 16 * half), inverse.get));
  return i16x8.narrowSigned(four(0), four(1));
}
