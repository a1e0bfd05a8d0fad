/**
 * Communication between the ranks of a training run. All ranks call the same collectives in the
 * same order.
 */

/** Arrays that are reduced: gradients in fp32; counts, sums and flags in fp64. */
export type Numbers = Float32Array | Float64Array;

export type Reduction = 'sum' | 'max';

export interface Communicator {
  /** 0 <= rank < size; rank 0 writes the run. */
  readonly rank: number;
  readonly size: number;
  /** Replaces the values by the reduction over all ranks, element by element. */
  allReduce(values: Numbers, reduction?: Reduction): Promise<void>;
  /**
   * Sums over ranks; each rank gets one part of the sums.
   * @param values the parts of all ranks, concatenated; they are not changed
   * @param counts number of elements in each rank's part, [size]
   * @param into memory for the result; it may be left unused
   * @returns the sums of this rank's part, [counts[rank]]
   */
  reduceScatter(
    values: Float32Array,
    counts: readonly number[],
    into?: Float32Array,
  ): Promise<Float32Array>;
  /**
   * Gives every rank the parts of all ranks.
   * @param part this rank's part, [counts[rank]]
   * @param into memory for the result; it may be left unused
   * @returns the parts, concatenated
   */
  allGather(
    part: Float32Array,
    counts: readonly number[],
    into?: Float32Array,
  ): Promise<Float32Array>;
  /** Replaces the values by those of `root`. */
  broadcast(values: Numbers, root: number): Promise<void>;
  /**
   * Makes a group of the ranks that give the same number, in their order. Collective. A group is
   * closed with the communicator that it was made of.
   */
  split(group: number): Promise<Communicator>;
  /** Returns when all ranks have called it. */
  barrier(): Promise<void>;
  /**
   * Leaves the group; all ranks have to call it. If a process ends without it, all other ranks are
   * ended too.
   */
  close(): Promise<void>;
}

/**
 * Bounds that split `length` elements into `parts` parts whose sizes differ by at most one: [parts
 * + 1].
 */
export function evenBounds(length: number, parts: number): number[] {
  return Array.from({ length: parts + 1 }, (_, i) => Math.floor((length * i) / parts));
}
