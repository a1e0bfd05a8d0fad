/**
 * Singular values in plain JavaScript: Householder reflections to a bidiagonal matrix (Golub and Kahan
 * 1965), then the eigenvalues of the tridiagonal matrix with zeros on its diagonal and the bidiagonal's
 * elements beside it, which are the singular values and their negatives. No value is squared on the
 * way, so that small ones are as exact as large ones. Vectors are not computed: a distance needs none.
 */
import { CodecLmError } from '../../base/error.ts';
import type { DoubleMatrix } from './matrix.ts';

/** Iterations for one eigenvalue; two or three are usual. */
const MAX_ITERATIONS = 60;

/** @returns min(rows, columns) values, the largest first */
export function singularValues(m: DoubleMatrix): Float64Array {
  const tall = m.rows >= m.columns;
  const work = columnsOf(m, tall);
  const count = Math.min(m.rows, m.columns);
  const beside = bidiagonalize(work, Math.max(m.rows, m.columns), count);
  const values = eigenvalues(new Float64Array(2 * count), beside);
  return values
    .map(Math.abs)
    .sort()
    .reverse()
    .filter((_, i) => i % 2 === 0);
}

/** The columns of the matrix, or of its transpose where it is wide, each as an array of its own. */
function columnsOf({ rows, columns, data }: DoubleMatrix, tall: boolean): Float64Array[] {
  if (!tall)
    return Array.from({ length: rows }, (_, i) => data.slice(i * columns, (i + 1) * columns));
  return Array.from({ length: columns }, (_, j) =>
    Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]),
  );
}

/** @returns diagonal and superdiagonal in turn: d0, e0, d1, e1 … */
function bidiagonalize(a: Float64Array[], rows: number, columns: number): Float64Array {
  const beside = new Float64Array(2 * columns - 1);
  const sums = new Float64Array(rows);
  const row = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    const column = a[k];
    const scale = reflector(column, k, rows);
    beside[2 * k] = scale.value;
    if (scale.factor !== 0) {
      for (let j = k + 1; j < columns; j++) {
        const other = a[j];
        let dot = 0;
        for (let i = k; i < rows; i++) dot += column[i] * other[i];
        dot *= scale.factor;
        for (let i = k; i < rows; i++) other[i] -= dot * column[i];
      }
    }
    if (k + 1 >= columns) continue;
    for (let j = k + 1; j < columns; j++) row[j] = a[j][k];
    const across = reflector(row, k + 1, columns);
    beside[2 * k + 1] = across.value;
    if (across.factor === 0) continue;
    sums.fill(0, k + 1);
    for (let j = k + 1; j < columns; j++) {
      const [other, weight] = [a[j], row[j]];
      for (let i = k + 1; i < rows; i++) sums[i] += weight * other[i];
    }
    for (let j = k + 1; j < columns; j++) {
      const [other, weight] = [a[j], row[j] * across.factor];
      for (let i = k + 1; i < rows; i++) other[i] -= weight * sums[i];
    }
  }
  return beside;
}

/**
 * Makes v of x[from..end) in place, such that x - factor (v.x) v has one element that is not zero.
 * @returns that element, and 2 / v.v
 */
function reflector(x: Float64Array, from: number, end: number): { value: number; factor: number } {
  let largest = 0;
  for (let i = from; i < end; i++) largest = Math.max(largest, Math.abs(x[i]));
  let squares = 0;
  for (let i = from; i < end; i++) squares += (x[i] / (largest || 1)) ** 2;
  const norm = largest * Math.sqrt(squares);
  if (norm === 0 || end - from === 1) return { value: x[from], factor: 0 };
  const value = x[from] > 0 ? -norm : norm;
  // v.v / 2 = norm (norm + |x0|)
  const half = norm * (norm + Math.abs(x[from]));
  x[from] -= value;
  return { value, factor: half === 0 ? 0 : 1 / half };
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix by the QL method with implicit shifts (Dubrulle, Martin
 * and Wilkinson 1968). Both arrays are overwritten.
 */
function eigenvalues(d: Float64Array, beside: Float64Array): Float64Array {
  const n = d.length;
  const e = new Float64Array(n);
  e.set(beside);
  // Against the largest of all: zeros on the diagonal make a test against neighbours never end.
  const norm = e.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let low = 0; low < n; low++) {
    for (let iteration = 0; ; iteration++) {
      let high = low;
      while (high < n - 1 && !isNegligible(e[high], d[high], d[high + 1], norm)) high++;
      if (high === low) break;
      if (iteration === MAX_ITERATIONS) {
        throw new CodecLmError(
          'NOT_FINITE',
          `the singular values of ${n / 2} columns do not settle`,
        );
      }
      sweep(d, e, low, high);
    }
  }
  return d;
}

function isNegligible(e: number, before: number, after: number, norm: number): boolean {
  const size = Math.max(Math.abs(before) + Math.abs(after), norm * Number.EPSILON);
  return Math.abs(e) <= Number.EPSILON * size;
}

/** One sweep of plane rotations from `high` down to `low`, shifted to the eigenvalue nearest to d[low]. */
function sweep(d: Float64Array, e: Float64Array, low: number, high: number): void {
  const half = (d[low + 1] - d[low]) / (2 * e[low]);
  const root = Math.hypot(half, 1);
  let g = d[high] - d[low] + e[low] / (half + (half < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= shift;
      e[high] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - shift;
    const t = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * t;
    d[i + 1] = g + shift;
    g = cosine * t - b;
  }
  d[low] -= shift;
  e[low] = g;
  e[high] = 0;
}
