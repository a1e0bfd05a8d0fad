/**
 * Kernel inception distance (Bińkowski et al. 2018): the unbiased squared maximum mean discrepancy
 * under the kernel (x.y / dims + 1)^3, over random subsets. Subsets of a seed are torch-fidelity's.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, type DoubleMatrix, rowsAt } from './matrix.ts';
import type { NumpyRandom } from './numpy-random.ts';

export interface KidOptions {
  readonly subsets: number;
  /** Pictures of each; of smaller sets, all. */
  readonly subsetSize: number;
}

export interface Kid {
  readonly mean: number;
  /** Standard deviation over the subsets. */
  readonly deviation: number;
}

/** Rows of kernels, and subsets, that are in memory at once. */
const BLOCK = 512;
const GROUP = 128;

/** @throws CodecLmError `PICTURES_TOO_FEW` for fewer than two */
export function kernelDistance(
  math: DoubleMath,
  first: Rows,
  second: Rows,
  random: NumpyRandom,
  { subsets, subsetSize }: KidOptions,
): Kid {
  const size = Math.min(subsetSize, first.count, second.count);
  if (size < 2)
    throw new CodecLmError('PICTURES_TOO_FEW', `KID of ${size} picture: it needs two or more`);
  // Kernels of all pairs, or those of each subset anew: whatever are fewer.
  const pairs = (x: number, y: number) => x * x + y * y + x * y;
  const isWhole = pairs(first.count, second.count) <= subsets * pairs(size, size);
  const sumsOf = isWhole ? sumsOfWhole : sumsOfSubsets;
  const values: number[] = [];
  while (values.length < subsets) {
    const group = Array.from({ length: Math.min(GROUP, subsets - values.length) }, (): Subset => {
      // Copies, for a choice is a part of a permutation of all.
      const a = random.choice(first.count, size).slice();
      return [a, random.choice(second.count, size).slice()];
    });
    const [xx, yy, xy] = [
      sumsOf(
        math,
        first,
        first,
        group.map(([a]) => [a, a]),
        false,
      ),
      sumsOf(
        math,
        second,
        second,
        group.map(([, b]) => [b, b]),
        false,
      ),
      sumsOf(math, first, second, group, true),
    ];
    for (const i of group.keys()) values.push(discrepancy(xx[i], yy[i], xy[i], size));
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / subsets) };
}

/** Pictures of the one set, and of the other. */
type Subset = readonly [Uint32Array, Uint32Array];

/**
 * The kernels of a subset's pairs added up, for each subset.
 * @param withDiagonal whether the i-th picture is paired with the i-th too
 */
function sumsOfWhole(
  math: DoubleMath,
  x: Rows,
  y: Rows,
  subsets: readonly Subset[],
  withDiagonal: boolean,
): Float64Array {
  const all = rowsAt(y);
  const sums = new Float64Array(subsets.length);
  for (let from = 0; from < x.count; from += BLOCK) {
    const length = Math.min(BLOCK, x.count - from);
    const block = rowsAt(
      x,
      Uint32Array.from({ length }, (_, i) => from + i),
    );
    const kernels = kernelOf(math.product(block, all, 'b'), x.dims);
    for (const [s, [a, b]] of subsets.entries()) {
      for (const [i, picture] of a.entries()) {
        const row = picture - from;
        if (row < 0 || row >= length) continue;
        sums[s] += rowSum(kernels, row, b, withDiagonal ? undefined : b[i]);
      }
    }
  }
  return sums;
}

function sumsOfSubsets(
  math: DoubleMath,
  x: Rows,
  y: Rows,
  subsets: readonly Subset[],
  withDiagonal: boolean,
): Float64Array {
  return Float64Array.from(subsets, ([a, b]) => {
    const kernels = kernelOf(math.product(rowsAt(x, a), rowsAt(y, b), 'b'), x.dims);
    const all = b.map((_, i) => i);
    let sum = 0;
    for (const i of all) sum += rowSum(kernels, i, all, withDiagonal ? undefined : i);
    return sum;
  });
}

/** One row at these columns, less the one that is left out. */
function rowSum(
  { columns, data }: DoubleMatrix,
  row: number,
  at: Uint32Array,
  without: number | undefined,
): number {
  const start = row * columns;
  let sum = 0;
  for (let j = 0; j < at.length; j++) sum += data[start + at[j]];
  return without === undefined ? sum : sum - data[start + without];
}

/** In place: products become kernels. */
function kernelOf(products: DoubleMatrix, dims: number): DoubleMatrix {
  const { data } = products;
  for (let i = 0; i < data.length; i++) data[i] = (data[i] / dims + 1) ** 3;
  return products;
}

function discrepancy(xx: number, yy: number, xy: number, size: number): number {
  return (xx + yy) / (size * (size - 1)) - (2 * xy) / (size * size);
}
