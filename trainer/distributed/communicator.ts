/** What the ranks of a training run say to each other. A collective is called by all ranks, in the same order. */

/** Numbers that are reduced: gradients in fp32; counts, sums and flags in fp64. */
export type Numbers = Float32Array | Float64Array;

export type Reduction = 'sum' | 'max';

export interface Communicator {
  /** 0 <= rank < size; rank 0 writes the run. */
  readonly rank: number;
  readonly size: number;
  /** Replaces the values by those of all ranks, reduced element by element. */
  allReduce(values: Numbers, reduction?: Reduction): Promise<void>;
  /**
   * Sums over ranks; each rank gets its own part.
   * @param values the parts of all ranks, one after the other; left as they are
   * @param counts elements of each rank's part, [size]
   * @returns the sums of this rank's part, [counts[rank]]
   */
  reduceScatter(values: Float32Array, counts: readonly number[]): Promise<Float32Array>;
  /**
   * The parts of all ranks, in every rank.
   * @param part this rank's, [counts[rank]]
   * @returns the parts one after the other
   */
  allGather(part: Float32Array, counts: readonly number[]): Promise<Float32Array>;
  /** Replaces the values by those of `root`. */
  broadcast(values: Numbers, root: number): Promise<void>;
  /** Returns when all ranks have come here. */
  barrier(): Promise<void>;
  /**
   * Leaves the group; all ranks have to. A process that ends without it ends the others.
   */
  close(): Promise<void>;
}

/** Bounds of `parts` parts of `length` elements that differ by one at most: [parts + 1]. */
export function evenBounds(length: number, parts: number): number[] {
  return Array.from({ length: parts + 1 }, (_, i) => Math.floor((length * i) / parts));
}
