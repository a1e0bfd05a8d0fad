/**
 * Groups all parameters into buckets of similar size. Each bucket is one message: large enough for
 * the network, small enough for memory.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Messages } from './messages.ts';

/**
 * Elements per bucket: 25 MB of fp32, the best size for PyTorch's DDP (Li et al. 2020, arXiv
 * 2006.15704, section 4.2.2).
 */
const BUCKET_ELEMENTS = 6_553_600;

export interface Slot {
  name: string;
  shape: number[];
  /** Index in the bucket at which its elements begin. */
  start: number;
  end: number;
}

/** Whole parameters, concatenated. */
export interface Bucket {
  slots: Slot[];
  length: number;
}

/** Makes the buckets: each has at most `limit` elements, or is a single larger parameter. */
export function bucketsOf(
  parameters: ReadonlyMap<string, { shape: number[] }>,
  limit = BUCKET_ELEMENTS,
): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [name, { shape }] of parameters) {
    const size = shape.reduce((product, length) => product * length, 1);
    let bucket = buckets.at(-1);
    if (!bucket || bucket.length + size > limit) {
      bucket = { slots: [], length: 0 };
      buckets.push(bucket);
    }
    const start = bucket.length;
    bucket.length += size;
    bucket.slots.push({ name, shape: [...shape], start, end: bucket.length });
  }
  return buckets;
}

/** Copies the tensors of a bucket into one array of `messages`. */
export function pack(
  { slots, length }: Bucket,
  tensors: ReadonlyMap<string, Tensor>,
  messages: Messages,
): Float32Array {
  const values = messages.take(length);
  for (const { name, start, end } of slots) {
    messages.copyOut(tensors.get(name)!, values.subarray(start, end));
  }
  return values;
}

/** The reverse of `pack`: makes a new tensor for each slot, one after the other. */
export function* unpack(
  { slots }: Bucket,
  values: Float32Array,
  messages: Messages,
): Generator<[string, Tensor]> {
  for (const { name, shape, start, end } of slots) {
    yield [name, messages.copyIn(values.subarray(start, end), shape)];
  }
}
