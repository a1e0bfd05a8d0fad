/**
 * Improved precision and recall (Kynkäänniemi et al. 2019): a picture counts where it lies within the
 * distance of some picture of the other set to that one's third nearest neighbour.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, rowsAt } from './matrix.ts';

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

/** Pictures as they are kept, and the squares of their lengths in double precision. */
interface Points {
  rows: Rows;
  squares: Float64Array;
}

function pointsOf(rows: Rows): Points {
  const { count, dims, data } = rows;
  if (count <= NEIGHBOURS) {
    throw new CodecLmError(
      'PICTURES_TOO_FEW',
      `precision and recall of ${count} pictures: each needs ${NEIGHBOURS} neighbours`,
    );
  }
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let d = i * dims; d < (i + 1) * dims; d++) squares[i] += data[d] * data[d];
  }
  return { rows, squares };
}

/** Squared distances of rows from..end of `a` to all of `b`, one row at a time. */
function eachRow(
  math: DoubleMath,
  a: Points,
  b: Points,
  visit: (distances: Float64Array, row: number) => void,
): void {
  // One of the two sets is widened as a whole, and of the other a block at a time.
  const all = rowsAt(b.rows);
  const [height, width] = [a.rows.count, b.rows.count];
  for (let from = 0; from < height; from += BLOCK) {
    const length = Math.min(BLOCK, height - from);
    const block = rowsAt(
      a.rows,
      Uint32Array.from({ length }, (_, i) => from + i),
    );
    const { data } = math.product(block, all, 'b');
    for (let i = 0; i < length; i++) {
      const row = data.subarray(i * width, (i + 1) * width);
      for (let j = 0; j < width; j++) {
        row[j] = Math.max(0, a.squares[from + i] + b.squares[j] - 2 * row[j]);
      }
      visit(row, from + i);
    }
  }
}

/** Squared distance of each picture to its third neighbour; the nearest of all is itself. */
function radii(math: DoubleMath, points: Points): Float64Array {
  const found = new Float64Array(points.rows.count);
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
  return count / points.rows.count;
}
