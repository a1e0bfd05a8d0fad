/**
 * Fréchet distance of two normal distributions (Dowson and Landau 1982; FID: Heusel et al. 2017):
 * |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2).
 *
 * The last term is the sum of the singular values of F1T F2 for any factors S = F FT. With fewer
 * pictures than features the centred features are such factors, and nothing is lost in squares.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, type DoubleMatrix, matrix, trace } from './matrix.ts';

/** Pictures whose centred features are in memory at once. */
const BLOCK = 1024;

/** A normal distribution, and what its covariance was made of where that is smaller. */
export interface Gaussian {
  readonly mu: Float64Array;
  readonly sigma: DoubleMatrix;
  /** [pictures, dims]: centred features over sqrt(N - 1), if there are fewer pictures than features. */
  readonly factor?: DoubleMatrix;
}

/**
 * Mean and covariance, with N - 1 for a divisor as `numpy.cov` has it.
 * @throws CodecLmError `PICTURES_TOO_FEW` for fewer than two
 */
export function gaussianOf(math: DoubleMath, features: Rows | DoubleMatrix): Gaussian {
  const [count, dims] =
    'count' in features ? [features.count, features.dims] : [features.rows, features.columns];
  if (count < 2) {
    throw new CodecLmError('PICTURES_TOO_FEW', `${count} picture: a covariance needs two or more`);
  }
  const { data } = features;
  const mu = meanOf(data, count, dims);
  const scale = 1 / Math.sqrt(count - 1);
  // The same memory for each block.
  const space = new Float64Array(Math.min(count, Math.max(BLOCK, dims)) * dims);
  const centred = (from: number, rows: number): DoubleMatrix => {
    const part = matrix(rows, dims, space.subarray(0, rows * dims));
    for (let at = 0, i = from * dims; i < (from + rows) * dims; i++, at++) {
      part.data[at] = (data[i] - mu[at % dims]) * scale;
    }
    return part;
  };
  if (count < dims) {
    const factor = centred(0, count);
    return { mu, sigma: math.gram([factor], dims), factor };
  }
  const blocks = function* () {
    for (let from = 0; from < count; from += BLOCK) {
      yield centred(from, Math.min(BLOCK, count - from));
    }
  };
  return { mu, sigma: math.gram(blocks(), dims) };
}

/** @throws CodecLmError `NOT_FINITE` */
export function frechetDistance(math: DoubleMath, a: Gaussian, b: Gaussian): number {
  let squares = 0;
  for (let d = 0; d < a.mu.length; d++) squares += (a.mu[d] - b.mu[d]) ** 2;
  const distance = squares + trace(a.sigma) + trace(b.sigma) - 2 * traceOfRoot(math, a, b);
  if (Number.isFinite(distance)) return distance;
  throw new CodecLmError('NOT_FINITE', `the Fréchet distance is ${distance}`);
}

function traceOfRoot(math: DoubleMath, a: Gaussian, b: Gaussian): number {
  if (!a.factor && !b.factor && math.traceOfRoot) {
    // Where one of the two is singular the other may still have a Cholesky factor.
    const found = math.traceOfRoot(a.sigma, b.sigma) ?? math.traceOfRoot(b.sigma, a.sigma);
    if (found !== undefined) return found;
  }
  return math.nuclearNorm(math.product(factorOf(a), factorOf(b), 'b'));
}

/** [rank, dims], F with FT F = sigma. */
function factorOf({ sigma, factor }: Gaussian): DoubleMatrix {
  return factor ?? pivotedCholesky(sigma);
}

/**
 * Rows r of a Cholesky factor whose pivots are taken by size, which is exact for matrices that are
 * only semi-definite (Higham 1990): it ends when what is left is rounding.
 */
export function pivotedCholesky({ rows: n, data }: DoubleMatrix): DoubleMatrix {
  const left = Float64Array.from({ length: n }, (_, i) => data[i * n + i]);
  const tolerance = n * Number.EPSILON * left.reduce((most, value) => Math.max(most, value), 0);
  const found: Float64Array[] = [];
  while (found.length < n) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (left[i] > left[pivot]) pivot = i;
    if (!(left[pivot] > tolerance)) break;
    const root = Math.sqrt(left[pivot]);
    const row = Float64Array.from({ length: n }, (_, i) => data[pivot * n + i]);
    for (const before of found) {
      const weight = before[pivot];
      if (weight === 0) continue;
      for (let i = 0; i < n; i++) row[i] -= weight * before[i];
    }
    for (let i = 0; i < n; i++) {
      row[i] /= root;
      left[i] -= row[i] * row[i];
    }
    left[pivot] = 0;
    found.push(row);
  }
  const factor = matrix(found.length, n);
  for (const [i, row] of found.entries()) factor.data.set(row, i * n);
  return factor;
}

function meanOf(data: Rows['data'], count: number, dims: number): Float64Array {
  const mean = new Float64Array(dims);
  for (let i = 0; i < count; i++) for (let d = 0; d < dims; d++) mean[d] += data[i * dims + d];
  return mean.map((sum) => sum / count);
}
