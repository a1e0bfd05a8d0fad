/**
 * The global order of an epoch: it maps each position to a sequence. It depends only on (shards,
 * pieces, seed, epoch), so all ranks and all resumed runs agree on it without communication and
 * without saved state.
 *
 * A shuffled epoch permutes the row groups of all shards, then permutes the sequences within each
 * window of WINDOW_GROUPS row groups. Reads touch only few files at a time, and only the order of
 * the current window is in memory.
 */

import { permutation, randomIntegers } from '../../base/random.ts';
import type { ShardEntry } from '../../schemas/dataset.ts';

/** Row groups per window: 16 have 12.6 M tokens, about 1,000 sequences of 12,288. */
export const WINDOW_GROUPS = 16;

/** A sequence for the trainer: piece `piece` of a row of a shard. */
export interface SequencePlace {
  shard: ShardEntry;
  row: number;
  piece: number;
  /** Index of its window in the epoch. */
  window: number;
}

interface Block {
  shard: ShardEntry;
  firstRow: number;
  rows: number;
}

/** The row groups of one epoch in order, and the position at which each window begins. */
interface EpochPlan {
  epoch: number;
  blocks: Block[];
  starts: number[];
}

export class SequenceOrder {
  /** Sequences per epoch. */
  readonly length: number;
  readonly #blocks: Block[];
  readonly #pieces: number;
  readonly #seed: number;
  readonly #shuffle: boolean;
  #plan?: EpochPlan;
  #window?: { epoch: number; index: number; blocks: Block[]; order?: Uint32Array };

  /** @param options.pieces number of sequences that a row is cut into */
  constructor(
    shards: ShardEntry[],
    { pieces, seed, shuffle }: { pieces: number; seed: number; shuffle: boolean },
  ) {
    this.#blocks = shards.flatMap(blocksOf);
    this.#pieces = pieces;
    this.#seed = seed;
    this.#shuffle = shuffle;
    this.length = this.#blocks.reduce((sum, block) => sum + block.rows, 0) * pieces;
  }

  /** @param position 0 <= position < length */
  at(epoch: number, position: number): SequencePlace {
    const plan = this.#planOf(epoch);
    const window = lastAtMost(plan.starts, position);
    const { blocks, order } = this.#windowAt(plan, window);
    let sequence = position - plan.starts[window];
    if (order) sequence = order[sequence];
    for (const { shard, firstRow, rows } of blocks) {
      if (sequence < rows * this.#pieces) {
        const row = firstRow + Math.floor(sequence / this.#pieces);
        return { shard, row, piece: sequence % this.#pieces, window };
      }
      sequence -= rows * this.#pieces;
    }
    throw new RangeError(`position ${position} of ${this.length}`);
  }

  /** Windows per epoch. */
  get windows(): number {
    return Math.ceil(this.#blocks.length / WINDOW_GROUPS);
  }

  /**
   * The row groups of a window, in the order of the epoch. It does not disturb the epoch that is being
   * read.
   */
  blocksOf(epoch: number, window: number): readonly Block[] {
    const { blocks } = this.#plan?.epoch === epoch ? this.#plan : this.#makePlan(epoch);
    return blocks.slice(window * WINDOW_GROUPS, (window + 1) * WINDOW_GROUPS);
  }

  #planOf(epoch: number): EpochPlan {
    if (this.#plan?.epoch !== epoch) this.#plan = this.#makePlan(epoch);
    return this.#plan;
  }

  #makePlan(epoch: number): EpochPlan {
    const blocks = this.#blocks;
    const ordered = this.#shuffle
      ? [...permutation(blocks.length, randomIntegers(this.#seed, epoch))].map((i) => blocks[i])
      : blocks;
    const starts: number[] = [];
    let start = 0;
    for (const [i, block] of ordered.entries()) {
      if (i % WINDOW_GROUPS === 0) starts.push(start);
      start += block.rows * this.#pieces;
    }
    return { epoch, blocks: ordered, starts };
  }

  #windowAt(plan: EpochPlan, index: number) {
    const { epoch } = plan;
    if (this.#window?.epoch === epoch && this.#window.index === index) return this.#window;
    const blocks = plan.blocks.slice(index * WINDOW_GROUPS, (index + 1) * WINDOW_GROUPS);
    this.#window = { epoch, index, blocks };
    if (this.#shuffle) {
      const count = blocks.reduce((sum, block) => sum + block.rows, 0) * this.#pieces;
      this.#window.order = permutation(count, randomIntegers(this.#seed, epoch, index + 1));
    }
    return this.#window;
  }
}

function blocksOf(shard: ShardEntry): Block[] {
  const blocks: Block[] = [];
  for (let firstRow = 0; firstRow < shard.rows; firstRow += shard.rowGroupRows) {
    const rows = Math.min(shard.rowGroupRows, shard.rows - firstRow);
    blocks.push({ shard, firstRow, rows });
  }
  return blocks;
}

/** Index of the last entry of the ascending `starts` that is at most `position`. */
function lastAtMost(starts: number[], position: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= position) low = middle;
    else high = middle;
  }
  return low;
}
