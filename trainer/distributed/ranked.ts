/**
 * An optimizer step over ranks: it takes the gradients of each rank and gives every rank the same
 * new weights.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { NamedArray, TensorStream } from '../model/streams.ts';
import type { AdamWState } from '../optim/adamw.ts';

/** The moments of a checkpoint, as `momentShapes` orders them. */
export interface StoredMoments {
  /** Number of updates done. */
  step: number;
  tensors: TensorStream;
}

export interface RankedOptimizer {
  /**
   * Sums the gradients of all ranks, clips them by their global norm and updates all weights. Collective.
   * @param gradients gradients of this rank, one per parameter, already divided by the number of
   *   targets of all ranks; this method disposes of them
   * @param clipNorm highest global norm; 0 disables clipping
   * @param check called with the norm before clipping and the sums over ranks, undefined where another rank has
   *   all of one, before any weight changes; may throw
   * @returns the norm before clipping
   */
  step(
    gradients: Map<string, Tensor>,
    lr: number,
    clipNorm: number,
    check: (norm: number, sums: ReadonlyMap<string, Tensor | undefined>) => Promise<void>,
  ): Promise<number>;
  /**
   * Names and shapes of the results of `moments`, in their order: the same for any number of ranks.
   */
  momentShapes(): Map<string, number[]>;
  /** Both moments of every parameter, complete, in every rank. Collective. */
  moments(): AsyncGenerator<NamedArray, void>;
  /** @throws CodecLmError `CHECKPOINT_INVALID` when a tensor is missing or has another shape */
  load(state: AdamWState): void;
  /** The same from a stream of all moments with the right shapes, one after the other. */
  restore(stored: StoredMoments): Promise<void>;
  dispose(): void;
}

/** Shapes of `exp_avg.NAME` and `exp_avg_sq.NAME` for each parameter, in its order. */
export function momentShapes(
  parameters: ReadonlyMap<string, { shape: number[] }>,
): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const [name, { shape }] of parameters) {
    for (const key of MOMENTS) shapes.set(`${key}.${name}`, [...shape]);
  }
  return shapes;
}

/** PyTorch's names of the moments. */
export const MOMENTS = ['exp_avg', 'exp_avg_sq'] as const;

/** The moments of a stream by parameter. */
export async function* momentPairs(
  tensors: TensorStream,
): AsyncGenerator<{ name: string; m: Float32Array; v: Float32Array }, void> {
  let m: Float32Array | undefined;
  for await (const [key, data] of tensors) {
    if (m) yield { name: key.slice(MOMENTS[1].length + 1), m, v: data };
    m = m ? undefined : data;
  }
}
