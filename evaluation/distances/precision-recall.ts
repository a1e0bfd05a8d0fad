/**
 * Improved precision and recall (Kynkäänniemi et al. 2019): a picture counts where it lies within the
 * distance of some picture of the other set to that one's third nearest neighbour.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import type { DoubleMath } from './matrix.ts';
import { type PairBlock, type PairStatistic, visitPairs } from './pairs.ts';

export const NEIGHBOURS = 3;

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
  const neighbourhoods = new Neighbourhoods(generated, reference);
  visitPairs(math, [generated, reference], [neighbourhoods]);
  return neighbourhoods.result();
}

/** Facts about the pictures of a set. */
interface Points {
  readonly count: number;
  /** Squares of their lengths. */
  readonly squares: Float64Array;
  /** Squared distances to the nearest of their own set, the nearest first: [count, NEIGHBOURS + 1]. */
  readonly nearest: Float64Array;
  /** 1 where the picture lies in the neighbourhood of one of the other set. */
  readonly isCovered: Uint8Array;
}

/** The nearest picture of all is the picture itself. */
const KEPT = NEIGHBOURS + 1;

export class Neighbourhoods implements PairStatistic {
  readonly #sets: readonly [Points, Points];

  /** @throws CodecLmError `PICTURES_TOO_FEW` where a picture has no third neighbour */
  constructor(generated: Rows, reference: Rows) {
    this.#sets = [pointsOf(generated), pointsOf(reference)];
  }

  within(set: 0 | 1, { rows, columns, data, top, left }: PairBlock): void {
    const { squares, nearest } = this.#sets[set];
    const isDiagonal = top === left;
    for (let i = 0; i < rows; i++) {
      const square = squares[top + i];
      for (let j = 0; j < columns; j++) {
        const isItself = isDiagonal && i === j;
        const distance = isItself
          ? 0
          : Math.max(0, square + squares[left + j] - 2 * data[i * columns + j]);
        keep(nearest, top + i, distance);
        if (!isDiagonal) keep(nearest, left + j, distance);
      }
    }
  }

  across({ rows, columns, data, top, left }: PairBlock): void {
    const [a, b] = this.#sets;
    for (let i = 0; i < rows; i++) {
      const square = a.squares[top + i];
      const limit = radius(a, top + i);
      for (let j = 0; j < columns; j++) {
        const distance = Math.max(0, square + b.squares[left + j] - 2 * data[i * columns + j]);
        if (distance <= limit) b.isCovered[left + j] = 1;
        if (distance <= radius(b, left + j)) a.isCovered[top + i] = 1;
      }
    }
  }

  result(): PrecisionRecall {
    const [generated, reference] = this.#sets;
    return { precision: coveredShare(generated), recall: coveredShare(reference) };
  }
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
  const nearest = new Float64Array(count * KEPT).fill(Number.POSITIVE_INFINITY);
  return { count, squares, nearest, isCovered: new Uint8Array(count) };
}

/** Puts a distance among the nearest ones of a picture, if it is one of them. */
function keep(nearest: Float64Array, picture: number, distance: number): void {
  const first = picture * KEPT;
  let at = first + NEIGHBOURS;
  if (distance >= nearest[at]) return;
  for (; at > first && nearest[at - 1] > distance; at--) nearest[at] = nearest[at - 1];
  nearest[at] = distance;
}

/** Squared distance of a picture to its third neighbour. */
function radius({ nearest }: Points, picture: number): number {
  return nearest[picture * KEPT + NEIGHBOURS];
}

function coveredShare({ count, isCovered }: Points): number {
  return isCovered.reduce((sum, one) => sum + one, 0) / count;
}
