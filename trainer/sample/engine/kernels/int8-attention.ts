/** Attention over a page of 8-bit keys and values (int8-cache.ts); parameters and result as in attention.ts. */
import {
  type Code,
  F32,
  type FunctionSpec,
  f32,
  f32x4,
  forEach,
  forEachOnce,
  I32,
  i32,
  i32x4,
  type Local,
  reading,
  type Scope,
  shuffle,
  simd,
  V128,
  v128,
} from '../../../../wasm/assembler.ts';
import { i16x8, nearestInteger, s32x4, u32x4 } from '../../../../wasm/integers.ts';
import { type Page, scoresToWeights, writeNoScores } from './attention.ts';
import { VALUES } from './average.ts';
import { int8Page, PAIR_BYTES, PIECE_BYTES, queryScale, VALUE_PIECE } from './int8-cache.ts';

const FLOAT = 4;
const LARGEST = 32_767;
/** Four scales, bfloat16. */
const fourScales = (address: Code, offset: number): Code =>
  u32x4.shl(reading(simd(4), 1)(address, offset), 16);

/** @param size size of a head, a multiple of 16 */
export function attendInt8Page(size: number): FunctionSpec {
  return {
    name: 'attendPage',
    params: [I32, I32, I32, I32, I32, I32, F32],
    body(scope, q, page, count, before, after, scores, scale) {
      const end = scope.local(I32);
      const factor = scope.local(V128);
      const at = { page, scores, end, before, after, factor };
      return [
        end.set(i32.add(scores.get, i32.mul(count.get, i32.const(FLOAT)))),
        scoresOf(scope, size, at, q, scale),
        scoresToWeights(scope, at),
        weigh(scope, size, at),
      ];
    },
  };
}

/** scores = q · key * scale; sums are whole numbers, and exact. */
function scoresOf(
  scope: Scope,
  size: number,
  { page, scores, end }: Page,
  q: Local,
  scale: Local,
): Code {
  const sums = [0, 1, 2, 3].map(() => scope.local(V128));
  const [even, odd] = [scope.local(V128), scope.local(V128)];
  const [a, b, c, d] = sums.map((sum) => sum.get);
  const [query, factor] = [scope.local(V128), scope.local(V128)];
  const [qAt, qEnd] = [scope.local(I32), scope.local(I32)];
  const [key, scaleAt, score] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  return [
    factor.set(f32x4.splat(f32.mul(f32.load(q.get, queryScale(size)), scale.get))),
    qEnd.set(i32.add(q.get, i32.const(2 * size))),
    key.set(page.get),
    scaleAt.set(page.get),
    score.set(scores.get),
    forEach(score, end.get, 16, [
      qAt.set(q.get),
      sums.map((sum) => sum.set(i32x4.const(0))),
      forEachOnce(qAt, qEnd.get, 16, [
        query.set(v128.load(qAt.get)),
        sums.map((sum, n) => {
          const product = s32x4.dot(query.get, i16x8.loadBytes(key.get, n * size));
          return sum.set(i32x4.add(sum.get, product));
        }),
        key.set(i32.add(key.get, i32.const(8))),
      ]),
      key.set(i32.add(key.get, i32.const(3 * size))),
      // Add the lanes of the four sums like the columns of a matrix.
      even.set(i32x4.add(shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7]))),
      odd.set(i32x4.add(shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7]))),
      even.set(
        i32x4.add(
          shuffle(even.get, odd.get, [0, 1, 4, 5]),
          shuffle(even.get, odd.get, [2, 3, 6, 7]),
        ),
      ),
      v128.store(
        score.get,
        f32x4.mul(
          s32x4.toFloat(even.get),
          f32x4.mul(fourScales(scaleAt.get, int8Page(size).keyScales), factor.get),
        ),
      ),
      scaleAt.set(i32.add(scaleAt.get, i32.const(8))),
    ]),
    writeNoScores(end),
  ];
}

/**
 * values after = values before * factor + sum of score * value. Scores and scales of values become
 * one weight for each position, of 16 bits; a sum over the page is a whole number.
 */
function weigh(scope: Scope, size: number, at: Page): Code {
  const { page, scores, end, before, after, factor } = at;
  const { values, valueScales } = int8Page(size);
  const back = scope.local(V128);
  const [value, next, weight] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const [from, to, toEnd] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const sums = [0, 1, 2, 3].map(() => scope.local(V128));
  const pair = scope.local(V128);
  const addPair = (n: number): Code => [
    pair.set(v128.loadSplat(weight.get, n * FLOAT)),
    sums.map((sum, k) => {
      const product = s32x4.dot(i16x8.loadBytes(next.get, n * PAIR_BYTES + 8 * k), pair.get);
      return sum.set(i32x4.add(sum.get, product));
    }),
  ];
  return [
    roundWeights(scope, at, valueScales, back),
    value.set(i32.add(page.get, i32.const(values))),
    from.set(before.get),
    to.set(after.get),
    toEnd.set(i32.add(after.get, i32.const(size * FLOAT))),
    // Two bytes for each position.
    end.set(i32.add(scores.get, i32.shrU(i32.sub(end.get, scores.get), 1))),
    forEachOnce(to, toEnd.get, VALUE_PIECE * FLOAT, [
      sums.map((sum) => sum.set(i32x4.const(0))),
      weight.set(scores.get),
      next.set(value.get),
      // Weights past the end are 0.
      forEachOnce(weight, end.get, 2 * FLOAT, [
        addPair(0),
        addPair(1),
        next.set(i32.add(next.get, i32.const(2 * PAIR_BYTES))),
      ]),
      sums.map((sum, k) => {
        const column = VALUES + 16 * k;
        const sofar = f32x4.mul(v128.load(from.get, column), factor.get);
        const own = f32x4.mul(s32x4.toFloat(sum.get), back.get);
        return v128.store(to.get, f32x4.add(sofar, own), column);
      }),
      value.set(i32.add(value.get, i32.const(PIECE_BYTES))),
      from.set(i32.add(from.get, i32.const(VALUE_PIECE * FLOAT))),
    ]),
  ];
}

/**
 * scores = score * scale of its value, rounded to 16 bits and written to their front; eight more are
 * 0. `back` gets what a sum is to be multiplied by.
 */
function roundWeights(
  scope: Scope,
  { page, scores, end }: Page,
  valueScales: number,
  back: Local,
): Code {
  const [score, scaleAt, to] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const [most, inverse] = [scope.local(V128), scope.local(V128)];
  const lanes = [0, 1, 2, 3].map((lane) => f32x4.lane(most.get, lane));
  const largest = scope.local(F32);
  const four = (half: number): Code =>
    nearestInteger(f32x4.mul(v128.load(score.get, 16 * half), inverse.get));
  return [
    score.set(scores.get),
    scaleAt.set(page.get),
    forEach(score, end.get, 16, [
      v128.store(score.get, f32x4.mul(v128.load(score.get), fourScales(scaleAt.get, valueScales))),
      scaleAt.set(i32.add(scaleAt.get, i32.const(8))),
    ]),
    // Not before: scales past the end are of another sequence.
    [0, 16].map((offset) => v128.store(end.get, f32x4.const(0), offset)),
    score.set(scores.get),
    most.set(f32x4.const(0)),
    forEach(score, end.get, 16, most.set(f32x4.max(most.get, v128.load(score.get)))),
    largest.set(lanes.reduce((sofar, lane) => f32.max(sofar, lane))),
    back.set(f32x4.splat(f32.mul(largest.get, f32.const(1 / LARGEST)))),
    inverse.set(f32x4.splat(f32.div(f32.const(LARGEST), largest.get))),
    score.set(scores.get),
    to.set(scores.get),
    forEach(score, end.get, 32, [
      v128.store(to.get, i16x8.narrowSigned(four(0), four(1))),
      to.set(i32.add(to.get, i32.const(16))),
    ]),
  ];
}
