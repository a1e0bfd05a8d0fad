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

export function trace({ rows, columns, data }: DoubleMatrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * columns + i];
  return sum;
}
