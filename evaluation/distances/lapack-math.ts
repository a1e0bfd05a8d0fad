/**
 * Double arithmetic by BLAS and LAPACK. Their matrices are column by column: what is row by row here is
 * the transposed matrix there.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Lapack, Routine } from '../../compute/lapack.ts';
import { type DoubleMath, type DoubleMatrix, matrix, mirrored, trace } from './matrix.ts';

const ONE = { double: 1 };
const ZERO = { double: 0 };

export function lapackMath({ call }: Lapack): DoubleMath {
  /** Runs a routine that wants working memory: it first says how much. @returns its `info` */
  const withWork = (run: (work: Float64Array, length: number, info: BigInt64Array) => void) => {
    const asked = new Float64Array(1);
    run(asked, -1, new BigInt64Array(1));
    const info = new BigInt64Array(1);
    run(new Float64Array(asked[0]), asked[0], info);
    return statusOf(info);
  };
  return {
    product(a, b, transpose) {
      if (a === b) {
        const side = transpose === 'a' ? a.columns : a.rows;
        const square = matrix(side, side);
        addSquare(call, a, transpose, square);
        return mirrored(square);
      }
      if (transpose === 'a') {
        const [k, m, n] = [a.rows, a.columns, b.columns];
        const result = matrix(m, n);
        call('dgemm', 'N', 'T', n, m, k, ONE, b.data, n, a.data, m, ZERO, result.data, n);
        return result;
      }
      const [m, n, k] = [a.rows, b.rows, a.columns];
      const result = matrix(m, n);
      call('dgemm', 'T', 'N', n, m, k, ONE, b.data, k, a.data, k, ZERO, result.data, n);
      return result;
    },
    gram(blocks, dims) {
      const total = matrix(dims, dims);
      for (const block of blocks) addSquare(call, block, 'a', total);
      return mirrored(total);
    },
    nuclearNorm({ rows, columns, data }) {
      const count = Math.min(rows, columns);
      const values = new Float64Array(count);
      const none = new Float64Array(1);
      const status = withWork((work, length, info) => {
        const whole = new BigInt64Array(8 * count);
        const copy = length < 0 ? data : data.slice();
        const [m, n] = [columns, rows];
        call('dgesdd', 'N', m, n, copy, m, values, none, 1, none, 1, work, length, whole, info);
      });
      check('dgesdd', status);
      return sum(values);
    },
    /** With A = L LT, A B has the eigenvalues of LT B L, which is symmetric. */
    traceOfRoot(a, b) {
      if (a.data === b.data) return trace(a);
      const n = a.rows;
      return borrowed(a, (factor) => {
        const info = new BigInt64Array(1);
        call('dpotrf', 'L', n, factor, n, info);
        // A singular matrix has no Cholesky factor.
        if (statusOf(info) !== 0) return undefined;
        return borrowed(b, (both) => {
          call('dsygst', 2, 'L', n, both, n, factor, n, info);
          check('dsygst', statusOf(info));
          const values = new Float64Array(n);
          const status = withWork((work, length, done) =>
            call('dsyev', 'N', 'L', n, both, n, values, work, length, done),
          );
          check('dsyev', status);
          // Rounding makes zeros negative; B itself may be singular.
          return sum(values.map((value) => Math.sqrt(Math.max(0, value))));
        });
      });
    },
  };
}

/** Adds aT a or a aT to the half of `to` that is the lower one there and the upper one here. */
function addSquare(
  call: Lapack['call'],
  { rows, columns, data }: DoubleMatrix,
  transpose: 'a' | 'b',
  to: DoubleMatrix,
): void {
  const [n, k, how] =
    transpose === 'a' ? ([columns, rows, 'N'] as const) : ([rows, columns, 'T'] as const);
  call('dsyrk', 'L', how, n, k, ONE, data, columns, ONE, to.data, n);
}

/**
 * Lets LAPACK write over the half of a symmetric matrix that it reads, which spares a copy of 34 MB for
 * 2,048 features. The other half brings it back.
 */
function borrowed<T>(square: DoubleMatrix, work: (data: Float64Array) => T): T {
  const { rows: n, data } = square;
  const diagonal = Float64Array.from({ length: n }, (_, i) => data[i * n + i]);
  try {
    return work(data);
  } finally {
    mirrored(square, 'lower');
    for (let i = 0; i < n; i++) data[i * n + i] = diagonal[i];
  }
}

/** `info` has 32 or 64 bits; the first 32 say enough. */
function statusOf(info: BigInt64Array): number {
  return Number(BigInt.asIntN(32, info[0]));
}

/** @throws CodecLmError `NOT_FINITE`: they fail only where numbers are none */
function check(routine: Routine, status: number): void {
  if (status === 0) return;
  throw new CodecLmError('NOT_FINITE', `${routine} of LAPACK does not settle (${status})`);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
