/**
 * Improved precision and recall (Kynkäänniemi et al. 2019): a picture counts where it lies within the
 * distance of some picture of the other set to that one's third nearest neighbour.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, type DoubleMatrix, rowsAt, slice } from './matrix.ts';

export const NEIGHBOURS = 3;

/** Rows of distances that are in memory at once. */
const BLOCK = 512;

export interface PrecisionRecall {
  /** Share of generated pictures that look like some reference picture. */
  readonly precision: number;
  /** Share of reference pictures that some generated picture looks like. */
  readonly recall: number;
}

/** @throws CodecLmError `PICTURES_TOO_FEW` where a picture has no third neighbour */
export function precisionRecall(
  math: DoubleMath,
  reference: Rows,
  generated: Rows,
): PrecisionRecall {
  const [real, made] = [pointsOf(reference), pointsOf(generated)];
  const realRadii = radii(math, real);
  const madeRadii = radii(math, made);
  return {
    precision: covered(math, made, real, realRadii),
    recall: covered(math, real, made, madeRadii),
  };
}

interface Points {
  matrix: DoubleMatrix;
  squares: Float64Array;
}

function pointsOf(rows: Rows): Points {
  if (rows.count <= NEIGHBOURS) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `precision and recall of ${rows.count} pictures: each needs ${NEIGHBOURS} neighbours`,
    );
  }
  const matrix = rowsAt(rows);
  const { columns, data } = matrix;
  const squares = new Float64Array(rows.count);
  for (let i = 0; i < rows.count; i++) {
    for (let d = i * columns; d < (i + 1) * columns; d++) squares[i] += data[d] * data[d];
  }
  return { matrix, squares };
}

/** Squared distances of rows from..end of `a` to all of `b`, one row at a time. */
function eachRow(
  math: DoubleMath,
  a: Points,
  b: Points,
  visit: (distances: Float64Array, row: number) => void,
): void {
  const width = b.matrix.rows;
  for (let from = 0; from < a.matrix.rows; from += BLOCK) {
    const end = Math.min(from + BLOCK, a.matrix.rows);
    const { data } = math.product(slice(a.matrix, from, end), b.matrix, 'b');
    for (let i = from; i < end; i++) {
      const row = data.subarray((i - from) * width, (i - from + 1) * width);
      for (let j = 0; j < width; j++)
        row[j] = Math.max(0, a.squares[i] + b.squares[j] - 2 * row[j]);
      visit(row, i);
    }
  }
}

/** Squared distance of each picture to its third neighbour; the nearest of all is itself. */
function radii(math: DoubleMath, points: Points): Float64Array {
  const found = new Float64Array(points.matrix.rows);
  eachRow(math, points, points, (distances, row) => {
    distances[row] = 0;
    const nearest = new Float64Array(NEIGHBOURS + 1).fill(Number.POSITIVE_INFINITY);
    for (const distance of distances) {
      if (distance >= nearest[NEIGHBOURS]) continue;
      let at = NEIGHBOURS;
      for (; at > 0 && nearest[at - 1] > distance; at--) nearest[at] = nearest[at - 1];
      nearest[at] = distance;
    }
    found[row] = nearest[NEIGHBOURS];
  });
  return found;
}

function covered(math: DoubleMath, points: Points, around: Points, limits: Float64Array): number {
  let count = 0;
  eachRow(math, points, around, (distances) => {
    if (distances.some((distance, j) => distance <= limits[j])) count++;
  });
  return count / points.matrix.rows;
}
