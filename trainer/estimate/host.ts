/**
 * What a rank takes in a CPU's memory besides its tensors, as measured on Linux (bench/trainer/memory.ts). On
 * GPUs the first and the last of these are the host's, and `smallestGpu` leaves room for the allocator.
 */
import { bucketsOf } from '../distributed/buckets.ts';
import { type LlamaConfig, parameterShapes } from '../model/config.ts';

/** Node, TensorFlow's library as far as it is used, the kernels, and MPI: a process with a model of nothing. */
export const PROCESS_BYTES = 450 * 2 ** 20;

/**
 * TensorFlow's allocator (BFC) splits a free chunk only where half of it would be left, and gives nothing back:
 * gaps between tensors that live long were 8 to 15 % of all tensors.
 */
export const ALLOCATOR_SHARE = 0.12;

export interface MessageOptions {
  zero: 0 | 1 | 3;
  worldSize: number;
  zeroGroup?: number;
}

/**
 * Arrays of messages (`Messages`), which are kept, and the copy that MPI makes of a message that it sums.
 * @param part bytes of the weights of a block
 * @param gathered bytes of a block's weights in messages
 */
export function messageBytes(
  config: LlamaConfig,
  { zero, worldSize, zeroGroup = worldSize }: MessageOptions,
  part: number,
  gathered: number,
): number {
  const shapes = [...parameterShapes(config)].map(([name, shape]) => [name, { shape }] as const);
  const bucket = 4 * Math.max(...bucketsOf(new Map(shapes)).map(({ length }) => length));
  if (zero === 3) {
    const ofOne = 1 + 1 / zeroGroup;
    return (gathered + part) * ofOne + (zeroGroup > 1 ? Math.min(bucket, part) : 0);
  }
  if (zero === 1) return bucket * (1 + 1 / worldSize) + (worldSize > 1 ? bucket : 0);
  return worldSize > 1 ? 2 * bucket : 0;
}
