/**
 * Attention of one query over the keys and values of its sequence, which lie in pages: a page
 * holds 64 positions of one head, [64, size]. Sums go over positions in ascending order.
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
  whileLoop,
} from '../../../../wasm/assembler.ts';
import { exponential } from './exponential.ts';

/** Positions of a page. */
export const PAGE = 64;
const FLOAT = 4;
/** Sums that stay in registers at once, beside as many values. */
const MOST_SUMS = 6;

/** Turns a head by its position, in place. Parameters: x, cos, sin (half a head each). */
export function rope(size: number): FunctionSpec {
  return {
    name: 'rope',
    params: [I32, I32, I32],
    body(scope, x, cos, sin) {
      const end = scope.local(I32);
      const [low, high] = [scope.local(F32), scope.local(F32)];
      const half = (size / 2) * FLOAT;
      const [c, s] = [f32.load(cos.get), f32.load(sin.get)];
      return [
        end.set(i32.add(x.get, i32.const(half))),
        forEach(x, end.get, FLOAT, [
          low.set(f32.load(x.get)),
          high.set(f32.load(x.get, half)),
          f32.store(x.get, f32.sub(f32.mul(low.get, c), f32.mul(high.get, s))),
          f32.store(x.get, f32.add(f32.mul(high.get, c), f32.mul(low.get, s)), half),
          cos.set(i32.add(cos.get, i32.const(FLOAT))),
          sin.set(i32.add(sin.get, i32.const(FLOAT))),
        ]),
      ];
    },
  };
}

/**
 * Parameters: q, pages (addresses of the pages' beginnings), keys and values (offsets in a page),
 * length (positions), scores (room for length + 3), y, scale.
 * @param size of a head, a multiple of 4
 */
export function attend(size: number): FunctionSpec {
  return {
    name: 'attend',
    params: [I32, I32, I32, I32, I32, I32, I32, F32],
    body(scope, q, pages, keys, values, length, scores, y, scale) {
      const end = scope.local(I32);
      const sum = scope.local(V128);
      return [
        end.set(i32.add(scores.get, i32.mul(length.get, i32.const(FLOAT)))),
        scoresOf(scope, size, { q, pages, offset: keys, scores, end, scale }),
        softmax(scope, scores, end, sum),
        averageOf(scope, size, { pages, offset: values, scores, end, y, sum }),
      ];
    },
  };
}

/**
 * Walks the pages: `body` runs once for each, with `row` at its first key or value and `score` at
 * the first of its scores, and has to bring `score` up to `pageEnd`.
 */
function overPages(
  scope: Scope,
  { pages, offset, scores, end }: { pages: Local; offset: Local; scores: Local; end: Local },
  body: (row: Local, score: Local, pageEnd: Local) => Code,
): Code {
  const [page, row] = [scope.local(I32), scope.local(I32)];
  const [score, pageEnd] = [scope.local(I32), scope.local(I32)];
  return [
    page.set(pages.get),
    score.set(scores.get),
    whileLoop(i32.ltU(score.get, end.get), [
      row.set(i32.add(i32.load(page.get), offset.get)),
      pageEnd.set(i32.add(score.get, i32.const(PAGE * FLOAT))),
      pageEnd.set(i32.min(pageEnd, end)),
      body(row, score, pageEnd),
      page.set(i32.add(page.get, i32.const(FLOAT))),
    ]),
  ];
}

/** scores = q · key * scale, four positions at once; what lies past the end is lowest. */
function scoresOf(
  scope: Scope,
  size: number,
  at: { q: Local; pages: Local; offset: Local; scores: Local; end: Local; scale: Local },
): Code {
  const rowBytes = size * FLOAT;
  const sums = [0, 1, 2, 3].map(() => scope.local(V128));
  const query = scope.local(V128);
  const [even, odd] = [scope.local(V128), scope.local(V128)];
  const [a, b, c, d] = sums.map((sum) => sum.get);
  const [qAt, qEnd, tail] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const turn = size % 8 === 0 ? 2 : 1;
  // Two vectors of four keys a turn: what V8 loads ahead of a longer one leaves the registers.
  const products = (row: Local): Code => [
    sums.map((sum) => sum.set(f32x4.const(0))),
    qAt.set(at.q.get),
    forEachOnce(qAt, qEnd.get, 16 * turn, [
      Array.from({ length: turn }, (_, i) => [
        query.set(v128.load(qAt.get, 16 * i)),
        sums.map((sum, n) => {
          const key = v128.load(row.get, n * rowBytes + 16 * i);
          return sum.set(f32x4.add(sum.get, f32x4.mul(query.get, key)));
        }),
      ]),
      row.set(i32.add(row.get, i32.const(16 * turn))),
    ]),
  ];
  return [
    qEnd.set(i32.add(at.q.get, i32.const(rowBytes))),
    overPages(scope, at, (row, score, pageEnd) =>
      forEach(score, pageEnd.get, 16, [
        products(row),
        // The lanes of the four sums are added up as the columns of a matrix.
        even.set(f32x4.add(shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7]))),
        odd.set(f32x4.add(shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7]))),
        v128.store(
          score.get,
          f32x4.mul(
            f32x4.add(
              shuffle(even.get, odd.get, [0, 1, 4, 5]),
              shuffle(even.get, odd.get, [2, 3, 6, 7]),
            ),
            f32x4.splat(at.scale.get),
          ),
        ),
        // One key has been walked; three more were read beside it.
        row.set(i32.add(row.get, i32.const(3 * rowBytes))),
      ]),
    ),
    tail.set(at.end.get),
    [0, 1, 2].map((n) => f32.store(tail.get, f32.const(-1e30), n * FLOAT)),
  ];
}

/** scores = e^(score - highest); `sum` gets their sum in every lane. */
function softmax(scope: Scope, scores: Local, end: Local, sum: Local): Code {
  const [at, highest] = [scope.local(I32), scope.local(V128)];
  const e = scope.local(V128);
  const most = [1, 2, 3].reduce<Code>(
    (largest, lane) => f32.max(largest, f32x4.lane(highest.get, lane)),
    f32x4.lane(highest.get, 0),
  );
  return [
    at.set(scores.get),
    highest.set(f32x4.const(-1e30)),
    forEach(at, end.get, 16, highest.set(f32x4.max(highest.get, v128.load(at.get)))),
    highest.set(f32x4.splat(most)),
    at.set(scores.get),
    sum.set(f32x4.const(0)),
    forEach(at, end.get, 16, [
      e.set(exponential(scope, f32x4.sub(v128.load(at.get), highest.get))),
      v128.store(at.get, e.get),
      sum.set(f32x4.add(sum.get, e.get)),
    ]),
    // What lies past the end counted e^-87 at most: nothing.
    sum.set(f32x4.splat(sumLanes(scope, sum.get))),
  ];
}

/**
 * y = sum of score * value, over `sum`: page by page, as many columns at a time as registers hold,
 * so that a page is read once from memory.
 */
function averageOf(
  scope: Scope,
  size: number,
  at: { pages: Local; offset: Local; scores: Local; end: Local; y: Local; sum: Local },
): Code {
  const vectors = size / 4;
  const weight = scope.local(V128);
  const sums = Array.from({ length: MOST_SUMS }, () => scope.local(V128));
  const [value, score] = [scope.local(I32), scope.local(I32)];
  const pass = (row: Local, first: Local, pageEnd: Local, from: number, to: number): Code => {
    const own = sums.slice(0, to - from);
    return [
      value.set(row.get),
      score.set(first.get),
      own.map((sum, i) => sum.set(v128.load(at.y.get, 16 * (from + i)))),
      forEachOnce(score, pageEnd.get, FLOAT, [
        weight.set(v128.loadSplat(score.get)),
        own.map((sum, i) => {
          const product = f32x4.mul(weight.get, v128.load(value.get, 16 * (from + i)));
          return sum.set(f32x4.add(sum.get, product));
        }),
        value.set(i32.add(value.get, i32.const(size * FLOAT))),
      ]),
      own.map((sum, i) => v128.store(at.y.get, sum.get, 16 * (from + i))),
    ];
  };
  const passes = Math.ceil(vectors / MOST_SUMS);
  const start = (n: number) => Math.floor((vectors * n) / passes);
  const column = (i: number): Code => v128.load(at.y.get, 16 * i);
  const columns = Array.from({ length: vectors }, (_, i) => i);
  return [
    columns.map((i) => v128.store(at.y.get, f32x4.const(0), 16 * i)),
    overPages(scope, at, (row, first, pageEnd) => [
      Array.from({ length: passes }, (_, n) => pass(row, first, pageEnd, start(n), start(n + 1))),
      first.set(pageEnd.get),
    ]),
    columns.map((i) => v128.store(at.y.get, f32x4.div(column(i), at.sum.get), 16 * i)),
  ];
}
