/** What one rank has of a bucket when its elements are divided evenly among ranks. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Bucket } from './buckets.ts';
import { type Communicator, evenBounds } from './communicator.ts';
import type { Messages } from './messages.ts';

/** The elements of one parameter that are in this rank's share of a bucket. */
export interface SharePiece {
  name: string;
  /**
   * A piece of a matrix is [n, 1], a piece of a norm [n], because AdamW decays only the weights of
   * matrices.
   */
  shape: number[];
  /** Start index in the share. */
  start: number;
  /** Start index in the parameter. */
  from: number;
  to: number;
}

export interface Share extends Bucket {
  /** Number of elements of each rank's share. */
  counts: number[];
  pieces: SharePiece[];
}

/** @param multiple every share but the last has a multiple of this number of elements */
export function bucketShare(
  bucket: Bucket,
  { rank, size }: Pick<Communicator, 'rank' | 'size'>,
  multiple = 1,
): Share {
  const bounds = evenBounds(Math.ceil(bucket.length / multiple), size).map((bound) =>
    Math.min(bound * multiple, bucket.length),
  );
  const counts = bounds.slice(1).map((bound, i) => bound - bounds[i]);
  const [first, last] = [bounds[rank], bounds[rank + 1]];
  const pieces = bucket.slots.flatMap(({ name, shape, start, end }) => {
    const [from, to] = [Math.max(first, start), Math.min(last, end)];
    if (from >= to) return [];
    const length = to - from;
    return {
      name,
      shape: shape.length > 1 ? [length, 1] : [length],
      start: from - first,
      from: from - start,
      to: to - start,
    };
  });
  return { ...bucket, counts, pieces };
}

/** Copies the pieces of a share into one array of `messages`, [counts[rank]]. */
export function packShare(
  { counts, pieces }: Share,
  rank: number,
  valuesOf: (name: string) => Tensor | Float32Array,
  messages: Messages,
): Float32Array {
  const part = messages.take(counts[rank]);
  for (const { name, start, from, to } of pieces) {
    messages.copyOut(valuesOf(name), part.subarray(start, start + to - from));
  }
  return part;
}

/** The reverse: makes a new tensor for each piece, one after the other. */
export function* unpackShare(
  { pieces }: Share,
  part: Float32Array,
  messages: Messages,
): Generator<[string, Tensor]> {
  for (const { name, shape, start, from, to } of pieces) {
    yield [name, messages.copyIn(part.subarray(start, start + to - from), shape)];
  }
}
