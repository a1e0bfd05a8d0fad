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

/** Kernels of all pairs at once up to here; beyond, those of each subset. */
const MAX_PAIRS = 2 ** 25;

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
  const kernels = kernelsOf(math, first, second);
  const values = Array.from({ length: subsets }, () => {
    const a = random.choice(first.count, size);
    const b = random.choice(second.count, size);
    return discrepancy(...kernels(a, b), size);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / subsets) };
}

/** Three sums of a subset: over pairs of the first, of the second, and of both; no picture with itself. */
type Sums = [number, number, number];
type KernelSums = (a: Uint32Array, b: Uint32Array) => Sums;

function kernelsOf(math: DoubleMath, first: Rows, second: Rows): KernelSums {
  const total = first.count + second.count;
  if (total * total > MAX_PAIRS) {
    return (a, b) => {
      const [x, y] = [rowsAt(first, a), rowsAt(second, b)];
      return [
        sumOf(math.product(x, x, 'b')),
        sumOf(math.product(y, y, 'b')),
        sumOf(math.product(x, y, 'b'), true),
      ];
    };
  }
  const [x, y] = [rowsAt(first), rowsAt(second)];
  const [xx, yy, xy] = [
    kernelOf(math.product(x, x, 'b'), first.dims),
    kernelOf(math.product(y, y, 'b'), first.dims),
    kernelOf(math.product(x, y, 'b'), first.dims),
  ];
  return (a, b) => [sumAt(xx, a, a, false), sumAt(yy, b, b, false), sumAt(xy, a, b, true)];

  function sumOf(products: DoubleMatrix, withDiagonal = false): number {
    return sumAt(kernelOf(products, first.dims), undefined, undefined, withDiagonal);
  }
}

/** In place: products become kernels. */
function kernelOf(products: DoubleMatrix, dims: number): DoubleMatrix {
  const { data } = products;
  for (let i = 0; i < data.length; i++) data[i] = (data[i] / dims + 1) ** 3;
  return products;
}

function sumAt(
  { rows, columns, data }: DoubleMatrix,
  a: Uint32Array | undefined,
  b: Uint32Array | undefined,
  withDiagonal: boolean,
): number {
  const [height, width] = [a?.length ?? rows, b?.length ?? columns];
  let total = 0;
  for (let i = 0; i < height; i++) {
    const at = (a ? a[i] : i) * columns;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += data[at + (b ? b[j] : j)];
    if (!withDiagonal) sum -= data[at + (b ? b[i] : i)];
    total += sum;
  }
  return total;
}

function discrepancy(xx: number, yy: number, xy: number, size: number): number {
  return (xx + yy) / (size * (size - 1)) - (2 * xy) / (size * size);
}
