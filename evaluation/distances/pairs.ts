/**
 * Scalar products of all pairs of pictures of two sets, a block at a time: KID, precision and recall
 * are computed from the same ones, so each is made once and few are in memory.
 */
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, type DoubleMatrix, matrix } from './matrix.ts';

/** Pictures down and across a block. */
const BLOCK = 1024;

/** The first picture of the rows and of the columns, and the products: [rows, columns]. */
export interface PairBlock extends DoubleMatrix {
  readonly top: number;
  readonly left: number;
}

export interface PairStatistic {
  /**
   * Pairs within one of the sets. Blocks on the diagonal (top = left) have each pair twice and each
   * picture with itself; any other one lies above it and stands for the one below too.
   */
  within(set: 0 | 1, block: PairBlock): void;
  /** Pictures of the first set down, those of the second across. Comes when all within were seen. */
  across(block: PairBlock): void;
}

/** Shows every block to every statistic. They may not change it. */
export function visitPairs(
  math: DoubleMath,
  [first, second]: readonly [Rows, Rows],
  statistics: readonly PairStatistic[],
): void {
  const down = new Widened();
  const right = new Widened();
  for (const [set, rows] of [first, second].entries()) {
    for (let top = 0; top < rows.count; top += BLOCK) {
      const a = down.block(rows, top);
      for (let left = top; left < rows.count; left += BLOCK) {
        const b = left === top ? a : right.block(rows, left);
        const block = { ...math.product(a, b, 'b'), top, left };
        for (const statistic of statistics) statistic.within(set as 0 | 1, block);
      }
    }
  }
  for (let top = 0; top < first.count; top += BLOCK) {
    const a = down.block(first, top);
    for (let left = 0; left < second.count; left += BLOCK) {
      const block = { ...math.product(a, right.block(second, left), 'b'), top, left };
      for (const statistic of statistics) statistic.across(block);
    }
  }
}

/** Rows in double precision, in the same memory each time. */
class Widened {
  #data = new Float64Array(0);

  block({ count, dims, data }: Rows, from: number): DoubleMatrix {
    const rows = Math.min(BLOCK, count - from);
    if (this.#data.length < rows * dims) this.#data = new Float64Array(rows * dims);
    const part = this.#data.subarray(0, rows * dims);
    part.set(data.subarray(from * dims, (from + rows) * dims));
    return matrix(rows, dims, part);
  }
}
