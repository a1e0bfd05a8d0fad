/** Double arithmetic where there is no native backend: tfjs itself has none. */
import { type DoubleMath, type DoubleMatrix, matrix } from './matrix.ts';
import { singularValues } from './singular-values.ts';

/** Rows and columns of which both factors stay in the caches. */
const BLOCK = 64;

export const plainMath: DoubleMath = {
  product,
  gram(blocks, dims) {
    const total = matrix(dims, dims);
    for (const block of blocks) {
      const { data } = product(block, block, 'a');
      for (let i = 0; i < data.length; i++) total.data[i] += data[i];
    }
    return total;
  },
  nuclearNorm: (m) => singularValues(m).reduce((sum, value) => sum + value, 0),
};

function product(a: DoubleMatrix, b: DoubleMatrix, transpose: 'a' | 'b'): DoubleMatrix {
  return transpose === 'b' ? dots(a, b) : dots(transposeMatrix(a), transposeMatrix(b));
}

/** a bT: scalar products of rows, in blocks of four columns. */
function dots(a: DoubleMatrix, b: DoubleMatrix): DoubleMatrix {
  const { columns: inner } = a;
  const result = matrix(a.rows, b.rows);
  const [x, y, out] = [a.data, b.data, result.data];
  for (let top = 0; top < a.rows; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, a.rows);
    for (let j = 0; j < b.rows; j += 4) {
      const width = Math.min(4, b.rows - j);
      // A row beyond the last is the last once more, and is not stored.
      const [j0, j1, j2, j3] = [0, 1, 2, 3].map((k) => (j + Math.min(k, width - 1)) * inner);
      for (let i = top; i < bottom; i++) {
        const row = i * inner;
        let [s0, s1, s2, s3] = [0, 0, 0, 0];
        for (let k = 0; k < inner; k++) {
          const value = x[row + k];
          s0 += value * y[j0 + k];
          s1 += value * y[j1 + k];
          s2 += value * y[j2 + k];
          s3 += value * y[j3 + k];
        }
        const at = i * b.rows + j;
        out[at] = s0;
        if (width > 1) out[at + 1] = s1;
        if (width > 2) out[at + 2] = s2;
        if (width > 3) out[at + 3] = s3;
      }
    }
  }
  return result;
}

export function transposeMatrix({ rows, columns, data }: DoubleMatrix): DoubleMatrix {
  const result = matrix(columns, rows);
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, rows);
    for (let j = 0; j < columns; j++) {
      for (let i = top; i < bottom; i++) result.data[j * rows + i] = data[i * columns + j];
    }
  }
  return result;
}
