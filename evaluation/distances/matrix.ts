/** Matrices of float64, row by row: everything a distance is computed from. */

export interface DoubleMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** Arithmetic in double precision, on TensorFlow or in plain JavaScript. */
export interface DoubleMath {
  /** aT b where `a` is [k, m] and `b` is [k, n]; or a bT where both have k columns. */
  product(a: DoubleMatrix, b: DoubleMatrix, transpose: 'a' | 'b'): DoubleMatrix;
  /** The sum of bT b over blocks [any, dims]; each is let go of before the next one is made. */
  gram(blocks: Iterable<DoubleMatrix>, dims: number): DoubleMatrix;
  /** Sum of the singular values. */
  nuclearNorm(matrix: DoubleMatrix): number;
  /** tr sqrt(A B) for covariances [n, n] that are positive definite; undefined where one is not. */
  traceOfRoot?(a: DoubleMatrix, b: DoubleMatrix): number | undefined;
}

export function matrix(rows: number, columns: number, data?: Float64Array): DoubleMatrix {
  return { rows, columns, data: data ?? new Float64Array(rows * columns) };
}

/** Rows of a list of numbers in the order of `indices`, or all of them, widened. */
export function rowsAt(
  from: { readonly count: number; readonly dims: number; readonly data: ArrayLike<number> },
  indices?: ArrayLike<number>,
): DoubleMatrix {
  const { count, dims, data } = from;
  if (!indices) return matrix(count, dims, Float64Array.from(data));
  const result = matrix(indices.length, dims);
  for (let i = 0; i < indices.length; i++) {
    const at = indices[i] * dims;
    for (let d = 0; d < dims; d++) result.data[i * dims + d] = data[at + d];
  }
  return result;
}

/** Rows and columns that the caches hold twice. */
const MIRRORED = 64;

/** Copies the upper half to the lower one, or the other way. */
export function mirrored(square: DoubleMatrix, from: 'upper' | 'lower' = 'upper'): DoubleMatrix {
  const { rows: n, data } = square;
  const [down, right] = from === 'upper' ? [n, 1] : [1, n];
  for (let top = 0; top < n; top += MIRRORED) {
    const bottom = Math.min(top + MIRRORED, n);
    for (let left = 0; left <= top; left += MIRRORED) {
      for (let i = top; i < bottom; i++) {
        const end = Math.min(left + MIRRORED, i);
        for (let j = left; j < end; j++) data[i * down + j * right] = data[j * down + i * right];
      }
    }
  }
  return square;
}

export function trace({ rows, columns, data }: DoubleMatrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * columns + i];
  return sum;
}
