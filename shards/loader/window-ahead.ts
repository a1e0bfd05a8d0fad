/**
 * Brings the row groups of the current and of the next window near, before their rows are asked for:
 * a request for a far row group takes as long as a step may.
 */
import pLimit from 'p-limit';
import type { ShardEntry } from '../../schemas/dataset.ts';

/** Row groups that are on their way at once. */
const AT_ONCE = 8;

/** A row group in the order. */
export interface WindowBlock {
  shard: ShardEntry;
  firstRow: number;
}

export interface WindowSource {
  /** Row groups of a window, counted from the start of epoch 0. */
  blocksOf(window: number): readonly WindowBlock[];
  warm(entry: ShardEntry, row: number): Promise<void>;
}

export class WindowAhead {
  readonly #source: WindowSource;
  readonly #share: number;
  readonly #limit = pLimit(AT_ONCE);
  #next = -1;

  /** @param share 0..1, where in a window this rank begins: ranks that share a cache divide the work */
  constructor(source: WindowSource, share: number) {
    this.#source = source;
    this.#share = share;
  }

  /** Call it for ascending windows. */
  moveTo(window: number): void {
    if (this.#next < window) this.#next = window;
    for (; this.#next <= window + 1; this.#next++) {
      const blocks = this.#source.blocksOf(this.#next);
      const first = Math.floor(blocks.length * this.#share);
      for (let i = 0; i < blocks.length; i++) {
        const { shard, firstRow } = blocks[(first + i) % blocks.length];
        // Whoever reads the row meets the error.
        this.#limit(() => this.#source.warm(shard, firstRow)).catch(() => undefined);
      }
    }
  }
}
