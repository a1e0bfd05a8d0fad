/**
 * Numbers of 8 bits in blocks of 64 inputs that share a scale. Weights have 7 bits, 1 to 127, of which 64
 * are to be taken away, so that products are exact everywhere (byte-dot.ts). A block is 64 inputs of
 * a panel of 8 outputs, in front [four inputs, 8 outputs, 4], then the scales as bfloat16. Rows are
 * signed bytes, a tile of 4 together or one alone: [four inputs, rows, 4], then the scales as fp32,
 * then what the sums begin with: minus 64 times the sum of the bytes.
 */
import {
  type Code,
  F32,
  type FunctionSpec,
  f32,
  f32x4,
  I32,
  i32,
  i32x4,
  type Local,
  type Scope,
  V128,
  v128,
  whenElse,
  whileLoop,
} from './assembler.ts';
import { i8x16, i16x8, nearestInteger, s32x4 } from './integers.ts';
import { inWholeTiles, TILE, transposed } from './mat-mul.ts';
import { PANEL } from './panel-formats.ts';

/** Inputs of a block. */
export const INT8_BLOCK = 64;
/** Weights go from minus this to this, and are stored with this and one more added. */
export const INT8_LARGEST = 63;
export const INT8_ADDED = 64;
/** Where the scales of a block of weights lie. */
export const INT8_SCALES = PANEL * INT8_BLOCK;
export const INT8_BLOCK_BYTES = INT8_SCALES + 2 * PANEL;

const FLOAT = 4;
const VECTOR = 16;
/** The largest number of a block of a row. */
const LARGEST_INPUT = 127;

/** Where a weight lies in its block. */
export function int8WeightAt(lane: number, input: number): number {
  return (input >> 2) * 4 * PANEL + 4 * lane + (input & 3);
}

/** Where the scales of a block of n rows lie, and what their sums begin with. */
export function rowScales(n: number): number {
  return n * INT8_BLOCK;
}

export function rowSums(n: number): number {
  return rowScales(n) + VECTOR;
}

export function rowBlockBytes(n: number): number {
  return rowSums(n) + VECTOR;
}

/**
 * Rows as blocks: [tile, block]. Parameters: x, xStride, rows, inputs (a multiple of 64), to.
 * A block with NaN or an infinity has such a scale.
 */
export const int8RowTilesKernel: FunctionSpec = {
  name: 'packRows',
  params: [I32, I32, I32, I32, I32],
  body(scope, x, xStride, rows, inputs, to) {
    const [row, last, end] = [scope.local(I32), scope.local(I32), scope.local(I32)];
    const from = Array.from({ length: TILE }, () => scope.local(I32));
    const inverse = from.map(() => scope.local(V128));
    const sixteen = from.map(() => scope.local(V128));
    const sums = from.map(() => scope.local(V128));
    const toEnd = end.set(i32.add(x.get, i32.mul(inputs.get, i32.const(FLOAT))));
    const exists = (n: number): Code => i32.ltU(i32.add(row.get, i32.const(n)), rows.get);
    const block = (n: number, pointers: readonly Local[]): Code => [
      pointers.map((at, i) => [
        scaleOf(scope, at, to, rowScales(n) + FLOAT * i, inverse[i]),
        sums[i].set(i32x4.const(0)),
      ]),
      Array.from({ length: INT8_BLOCK / 16 }, (_, group) => [
        pointers.map((at, i) => rounded(scope, at.get, group, inverse[i], sums[i], sixteen[i])),
        (n === 1 ? [sixteen[0].get] : transposed(sixteen.map((one) => one.get))).map((vector, i) =>
          v128.store(to.get, vector, VECTOR * (n * group + i)),
        ),
      ]),
      pointers.map((_, i) => i32.store(to.get, begins(sums[i]), rowSums(n) + FLOAT * i)),
      pointers.map((at) => at.set(i32.add(at.get, i32.const(INT8_BLOCK * FLOAT)))),
      to.set(i32.add(to.get, i32.const(rowBlockBytes(n)))),
    ];
    return [
      row.set(i32.const(0)),
      last.set(inWholeTiles(rows)),
      whileLoop(i32.ltU(row.get, last.get), [
        // For a row that is not there the one before it is taken: nobody reads what becomes of it.
        from.map((at, n) => {
          if (n === 0) return at.set(x.get);
          const before = from[n - 1].get;
          return at.set(whenElse(I32, exists(n), i32.add(before, xStride.get), before));
        }),
        toEnd,
        whileLoop(i32.ltU(from[0].get, end.get), block(TILE, from)),
        x.set(i32.add(x.get, i32.mul(xStride.get, i32.const(TILE)))),
        row.set(i32.add(row.get, i32.const(TILE))),
      ]),
      whileLoop(i32.ltU(row.get, rows.get), [
        toEnd,
        whileLoop(i32.ltU(x.get, end.get), block(1, [x])),
        row.set(i32.add(row.get, i32.const(TILE))),
      ]),
    ];
  },
};

/** Stores the scale of a block, and sets what its numbers are multiplied by. */
function scaleOf(scope: Scope, from: Local, to: Local, scaleAt: number, inverse: Local): Code {
  const [most, largest] = [scope.local(V128), scope.local(F32)];
  const vectors = Array.from({ length: INT8_BLOCK / 4 }, (_, i) =>
    f32x4.abs(v128.load(from.get, VECTOR * i)),
  );
  const lanes = [0, 1, 2, 3].map((lane) => f32x4.lane(most.get, lane));
  return [
    most.set(vectors.reduce((sofar, one) => f32x4.max(sofar, one))),
    largest.set(lanes.reduce((sofar, lane) => f32.max(sofar, lane))),
    f32.store(to.get, f32.mul(largest.get, f32.const(1 / LARGEST_INPUT)), scaleAt),
    inverse.set(f32x4.splat(f32.div(f32.const(LARGEST_INPUT), largest.get))),
  ];
}

/**
 * Sixteen numbers of a block, the group-th, as bytes; they are added to `sums` too. What those of a
 * block become whose scale is 0 or NaN does not matter.
 */
function rounded(
  scope: Scope,
  from: Code,
  group: number,
  inverse: Local,
  sums: Local,
  bytes: Local,
): Code {
  const fours = [0, 1, 2, 3].map(() => scope.local(V128));
  return [
    fours.map((four, i) => {
      const numbers = v128.load(from, VECTOR * (4 * group + i));
      return four.set(nearestInteger(f32x4.mul(numbers, inverse.get)));
    }),
    fours.map((four) => sums.set(i32x4.add(sums.get, four.get))),
    bytes.set(
      i8x16.narrowSigned(
        i16x8.narrowSigned(fours[0].get, fours[1].get),
        i16x8.narrowSigned(fours[2].get, fours[3].get),
      ),
    ),
  ];
}

function begins(sums: Local): Code {
  const lanes = [0, 1, 2, 3].map((lane) => s32x4.lane(sums.get, lane));
  return i32.mul(lanes.reduce(i32.add), i32.const(-INT8_ADDED));
}
