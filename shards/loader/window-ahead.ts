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

export interface AheadOptions {
  /** 0..1, where in a window this rank begins: ranks that share a cache divide the work. */
  share: number;
  /** Most row groups of the next window that are brought near. */
  most?: number;
  /** Whether those of the window that is being read come when their rows are asked for: from a disk. */
  isNear?: boolean;
}

/** Windows of a disk are read ahead after this many sequences: the first ones are asked for themselves. */
const FIRST_SEQUENCES = 32;

export class WindowAhead {
  readonly #source: WindowSource;
  readonly #options: AheadOptions;
  readonly #limit: ReturnType<typeof pLimit>;
  #next = -1;
  #asked = 0;

  constructor(source: WindowSource, options: AheadOptions) {
    this.#source = source;
    this.#options = options;
    this.#limit = pLimit(options.isNear ? 1 : AT_ONCE);
  }

  /** Call it for ascending windows. */
  moveTo(window: number): void {
    const { share, most = Number.POSITIVE_INFINITY, isNear } = this.#options;
    if (isNear && ++this.#asked < FIRST_SEQUENCES) return;
    this.#next = Math.max(this.#next, isNear ? window + 1 : window);
    for (; this.#next <= window + 1; this.#next++) {
      const blocks = this.#source.blocksOf(this.#next);
      const first = Math.floor(blocks.length * share);
      for (let i = 0; i < Math.min(most, blocks.length); i++) {
        const { shard, firstRow } = blocks[(first + i) % blocks.length];
        // Whoever reads the row meets the error.
        this.#limit(() => this.#source.warm(shard, firstRow)).catch(() => undefined);
      }
    }
  }
}
