/**
 * Kernel inception distance (Bińkowski et al. 2018): the unbiased squared maximum mean discrepancy
 * under the kernel (x.y / dims + 1)^3, over random subsets. Subsets of a seed are torch-fidelity's.
 */
import { CodecLmError } from '../../base/error.ts';
import type { Rows } from '../npz/statistics.ts';
import { type DoubleMath, rowsAt } from './matrix.ts';
import type { NumpyRandom } from './numpy-random.ts';
import { type PairBlock, type PairStatistic, visitPairs } from './pairs.ts';

export interface KidOptions {
  readonly subsets: number;
  /** Pictures of each; of smaller sets, all. */
  readonly subsetSize: number;
}

export interface Kid {
  readonly mean: number;
  /** Standard deviation over the subsets. */
  readonly deviation: number;
}

/** Indices of pictures of the subsets that are in memory at once; for more, all pairs are made again. */
const GROUP_INDICES = 2 ** 22;

/**
 * @param beside other statistics of the same pairs
 * @throws CodecLmError `PICTURES_TOO_FEW` for fewer than two
 */
export function kernelDistance(
  math: DoubleMath,
  first: Rows,
  second: Rows,
  random: NumpyRandom,
  { subsets, subsetSize }: KidOptions,
  beside: readonly PairStatistic[] = [],
): Kid {
  const size = Math.min(subsetSize, first.count, second.count);
  if (size < 2)
    throw new CodecLmError('PICTURES_TOO_FEW', `KID of ${size} picture: it needs two or more`);
  // Kernels of all pairs, or those of each subset anew: whatever are fewer.
  const pairs = (x: number, y: number) => x * x + y * y + x * y;
  const isWhole = pairs(first.count, second.count) <= subsets * pairs(size, size);
  if (!isWhole && beside.length > 0) visitPairs(math, [first, second], beside);
  const values: number[] = [];
  let others = isWhole ? beside : [];
  while (values.length < subsets) {
    const most = Math.max(1, Math.floor(GROUP_INDICES / size));
    const length = isWhole ? Math.min(most, subsets - values.length) : 1;
    // Copies, for a choice is a part of a permutation of all.
    const group = Array.from({ length }, (): Subset => {
      const chosen = random.choice(first.count, size).slice();
      return [chosen, random.choice(second.count, size).slice()];
    });
    if (isWhole) {
      const sums = new KernelSums(first.dims, group);
      visitPairs(math, [first, second], [sums, ...others]);
      others = [];
      values.push(...sums.discrepancies());
    } else {
      const [a, b] = [first, second].map((rows, i) => chosenRows(rows, group[0][i]));
      const all = Uint32Array.from({ length: size }, (_, i) => i);
      const sums = new KernelSums(first.dims, [[all, all]]);
      visitPairs(math, [a, b], [sums]);
      values.push(...sums.discrepancies());
    }
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / subsets) };
}

/** Pictures of the one set, and of the other. */
type Subset = readonly [Uint32Array, Uint32Array];

function chosenRows(rows: Rows, indices: Uint32Array): Rows {
  return { count: indices.length, dims: rows.dims, data: rowsAt(rows, indices).data };
}

/** The kernels of each subset's pairs, added up. */
class KernelSums implements PairStatistic {
  readonly #dims: number;
  /** Indices in ascending order, so that those of a block stand together. */
  readonly #subsets: readonly Subset[];
  readonly #sums: readonly [Float64Array, Float64Array, Float64Array];
  #kernels = new Float64Array(0);

  constructor(dims: number, subsets: readonly Subset[]) {
    this.#dims = dims;
    this.#subsets = subsets.map(([a, b]) => [a.toSorted(), b.toSorted()]);
    const zeros = () => new Float64Array(subsets.length);
    this.#sums = [zeros(), zeros(), zeros()];
  }

  within(set: 0 | 1, block: PairBlock): void {
    const isDiagonal = block.top === block.left;
    const kernels = this.#kernelsOf(block);
    for (const [s, subset] of this.#subsets.entries()) {
      const down = membersIn(subset[set], block.top, block.rows);
      if (isDiagonal) {
        let sum = blockSum(kernels, block, down, down);
        for (const at of down) sum -= kernels[(at - block.top) * (block.columns + 1)];
        this.#sums[set][s] += sum;
      } else {
        const right = membersIn(subset[set], block.left, block.columns);
        this.#sums[set][s] += 2 * blockSum(kernels, block, down, right);
      }
    }
  }

  across(block: PairBlock): void {
    const kernels = this.#kernelsOf(block);
    for (const [s, [a, b]] of this.#subsets.entries()) {
      const down = membersIn(a, block.top, block.rows);
      const right = membersIn(b, block.left, block.columns);
      this.#sums[2][s] += blockSum(kernels, block, down, right);
    }
  }

  /** The unbiased squared discrepancy of each subset. */
  discrepancies(): number[] {
    const [within, ofOther, across] = this.#sums;
    return this.#subsets.map(([{ length: size }], s) => {
      return (within[s] + ofOther[s]) / (size * (size - 1)) - (2 * across[s]) / (size * size);
    });
  }

  #kernelsOf({ data }: PairBlock): Float64Array {
    if (this.#kernels.length < data.length) this.#kernels = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const base = data[i] / this.#dims + 1;
      this.#kernels[i] = base * base * base;
    }
    return this.#kernels;
  }
}

/** Those of a sorted list that lie in from .. from + count - 1. */
function membersIn(sorted: Uint32Array, from: number, count: number): Uint32Array {
  const start = sorted.findIndex((member) => member >= from);
  if (start < 0) return sorted.subarray(0, 0);
  let end = start;
  while (end < sorted.length && sorted[end] < from + count) end++;
  return sorted.subarray(start, end);
}

function blockSum(
  kernels: Float64Array,
  { columns, top, left }: PairBlock,
  down: Uint32Array,
  right: Uint32Array,
): number {
  let sum = 0;
  for (const picture of down) {
    const start = (picture - top) * columns - left;
    for (let j = 0; j < right.length; j++) sum += kernels[start + right[j]];
  }
  return sum;
}
