/**
 * Attention of one query over the positions of its sequence, page by page. The result so far is an
 * average over the positions seen; a further page, or another such average, can be added to it
 * (online softmax, Milakov and Gimelshein 2018). Sums go over positions in ascending order.
 */
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
  type Local,
  type Scope,
  shuffle,
  sumLanes,
  V128,
  v128,
} from '../../../../wasm/assembler.ts';
import { columnsOf, HIGHEST, LOWEST, SUM, VALUES } from './average.ts';
import { exponential } from './exponential.ts';
import type { NumberFormat } from './float-cache.ts';
import { CACHE_PAGE } from './pages.ts';

const FLOAT = 4;
/**
 * Number of values that are weighted together, for one read and write of their sum. Four would take
 * fewer instructions but a fifth more time: the processor does not prefetch four interleaved rows
 * as a stream.
 */
const TOGETHER = 2;

/** Where the attention of one query over a page finds what it needs. */
export interface Page {
  page: Local;
  /** A score for each position. */
  scores: Local;
  /** Where they end. */
  end: Local;
  before: Local;
  after: Local;
  /** What the average before is multiplied by. */
  factor: Local;
}

/**
 * Adds the first positions of a page to an average. Parameters: q, page, count (1 to 64), before
 * (the average over earlier positions), after (address of the new average; may be the same), scores
 * (space for those of a page and eight more), scale.
 * @param size size of a head, a multiple of 4
 * @param cache format of the keys and values
 */
export function attendPage(size: number, cache: NumberFormat): FunctionSpec {
  return {
    name: 'attendPage',
    params: [I32, I32, I32, I32, I32, I32, F32],
    body(scope, q, page, count, before, after, scores, scale) {
      const end = scope.local(I32);
      const factor = scope.local(V128);
      const at = { page, scores, end, before, after, factor };
      return [
        end.set(i32.add(scores.get, i32.mul(count.get, i32.const(FLOAT)))),
        scoresOf(scope, size, cache, at, q, scale),
        scoresToWeights(scope, at),
        weigh(scope, size, cache, at),
      ];
    },
  };
}

/**
 * scores = q · key * scale, key by key in memory order; positions past the end get the lowest
 * score.
 */
function scoresOf(
  scope: Scope,
  size: number,
  { vectorBytes, load }: NumberFormat,
  at: Page,
  q: Local,
  scale: Local,
): Code {
  const vectors = size / 4;
  // Sums that do not depend on each other.
  const turn = vectors % 4 === 0 ? 4 : vectors % 2 === 0 ? 2 : 1;
  const parts = Array.from({ length: turn }, () => scope.local(V128));
  const products = [0, 1, 2, 3].map(() => scope.local(V128));
  const [even, odd] = [scope.local(V128), scope.local(V128)];
  const [a, b, c, d] = products.map((product) => product.get);
  const [qAt, qEnd] = [scope.local(I32), scope.local(I32)];
  const [key, score] = [scope.local(I32), scope.local(I32)];
  const productOf = (product: Local): Code => [
    parts.map((part) => part.set(f32x4.const(0))),
    qAt.set(q.get),
    forEachOnce(qAt, qEnd.get, 16 * turn, [
      parts.map((part, i) => {
        const both = f32x4.mul(v128.load(qAt.get, 16 * i), load(key.get, vectorBytes * i));
        return part.set(f32x4.add(part.get, both));
      }),
      key.set(i32.add(key.get, i32.const(vectorBytes * turn))),
    ]),
    product.set(parts.map((part) => part.get).reduce(f32x4.add)),
  ];
  return [
    qEnd.set(i32.add(q.get, i32.const(size * FLOAT))),
    key.set(at.page.get),
    score.set(at.scores.get),
    forEach(score, at.end.get, 16, [
      products.map(productOf),
      // Add the lanes of the four products like the columns of a matrix.
      even.set(f32x4.add(shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7]))),
      odd.set(f32x4.add(shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7]))),
      v128.store(
        score.get,
        f32x4.mul(
          f32x4.add(
            shuffle(even.get, odd.get, [0, 1, 4, 5]),
            shuffle(even.get, odd.get, [2, 3, 6, 7]),
          ),
          f32x4.splat(scale.get),
        ),
      ),
    ]),
    writeNoScores(at.end),
  ];
}

/** The lowest score for the positions past the end in its vector. */
export function writeNoScores(end: Local): Code {
  return [0, 1, 2].map((n) => f32.store(end.get, f32.const(LOWEST), n * FLOAT));
}

/**
 * scores = e^(score - highest), where the highest score may be one of an earlier page. `factor`
 * gets the factor by which the earlier average must be scaled.
 */
export function scoresToWeights(scope: Scope, { scores, end, before, after, factor }: Page): Code {
  const score = scope.local(I32);
  const [highest, sum, e] = [scope.local(V128), scope.local(V128), scope.local(V128)];
  const most = [1, 2, 3].reduce<Code>(
    (largest, lane) => f32.max(largest, f32x4.lane(highest.get, lane)),
    f32x4.lane(highest.get, 0),
  );
  return [
    score.set(scores.get),
    highest.set(v128.load(before.get, HIGHEST)),
    forEach(score, end.get, 16, highest.set(f32x4.max(highest.get, v128.load(score.get)))),
    highest.set(f32x4.splat(most)),
    factor.set(exponential(scope, f32x4.sub(v128.load(before.get, HIGHEST), highest.get))),
    v128.store(after.get, highest.get, HIGHEST),
    score.set(scores.get),
    sum.set(f32x4.const(0)),
    forEach(score, end.get, 16, [
      e.set(exponential(scope, f32x4.sub(v128.load(score.get), highest.get))),
      v128.store(score.get, e.get),
      sum.set(f32x4.add(sum.get, e.get)),
    ]),
    // Positions past the end add at most e^-87 each, which is negligible.
    sum.set(f32x4.splat(sumLanes(scope, sum.get))),
    v128.store(
      after.get,
      f32x4.add(f32x4.mul(v128.load(before.get, SUM), factor.get), sum.get),
      SUM,
    ),
  ];
}

/**
 * values after = values before * factor + sum of score * value. The sums stay in the level-1 cache.
 */
function weigh(
  scope: Scope,
  size: number,
  { vectorBytes, load }: NumberFormat,
  { page, scores, end, before, after, factor }: Page,
): Code {
  const rowBytes = (size / 4) * vectorBytes;
  const [value, score, whole] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const [to, toEnd] = [scope.local(I32), scope.local(I32)];
  const weights = Array.from({ length: TOGETHER }, () => scope.local(V128));
  const sum = scope.local(V128);
  const rows = (count: number): Code => {
    const own = weights.slice(0, count);
    return [
      own.map((weight, n) => weight.set(v128.loadSplat(score.get, n * FLOAT))),
      to.set(i32.add(after.get, i32.const(VALUES))),
      forEachOnce(to, toEnd.get, 16, [
        sum.set(v128.load(to.get)),
        own.map((weight, n) =>
          sum.set(f32x4.add(sum.get, f32x4.mul(weight.get, load(value.get, n * rowBytes)))),
        ),
        v128.store(to.get, sum.get),
        value.set(i32.add(value.get, i32.const(vectorBytes))),
      ]),
      value.set(i32.add(value.get, i32.const((count - 1) * rowBytes))),
    ];
  };
  const bytes = i32.sub(end.get, scores.get);
  return [
    columnsOf(size).map((at) =>
      v128.store(after.get, f32x4.mul(v128.load(before.get, at), factor.get), at),
    ),
    value.set(i32.add(page.get, i32.const(CACHE_PAGE * rowBytes))),
    toEnd.set(i32.add(after.get, i32.const(VALUES + size * FLOAT))),
    score.set(scores.get),
    whole.set(i32.add(scores.get, i32.and(bytes, i32.const(-TOGETHER * FLOAT)))),
    forEach(score, whole.get, TOGETHER * FLOAT, rows(TOGETHER)),
    // One by one: positions past the end may belong to another sequence.
    forEach(score, end.get, FLOAT, rows(1)),
  ];
}
