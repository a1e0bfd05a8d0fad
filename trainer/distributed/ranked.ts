/** An optimizer step over ranks: gradients of each rank in, the same new weights in every rank out. */
import type { Tensor } from '@tensorflow/tfjs';
import type { AdamWState } from '../optim/adamw.ts';

/** A moment of one parameter under the name it has in a checkpoint, as `readSafetensors` gives it. */
export type NamedMoment = readonly [name: string, data: Float32Array];

export interface RankedOptimizer {
  /**
   * Sums the gradients of all ranks, clips them by their global norm and updates all weights. Collective.
   * @param gradients of this rank, one for each parameter, already divided by the targets of all
   *   ranks; taken over and disposed of
   * @param clipNorm 0 clips nothing
   * @param check called with the norm before clipping, before any weight changes; may throw
   * @returns the norm before clipping
   */
  step(
    gradients: Map<string, Tensor>,
    lr: number,
    clipNorm: number,
    check: (norm: number) => Promise<void>,
  ): Promise<number>;
  /** Names and shapes of what `moments` gives, in its order: the same for any number of ranks. */
  momentShapes(): Map<string, number[]>;
  /** Both moments of every parameter, whole, in every rank. Collective. */
  moments(): AsyncGenerator<NamedMoment, void>;
  /** @throws CodecLmError `CHECKPOINT_INVALID` when a tensor is missing or of another shape */
  load(state: AdamWState): void;
  dispose(): void;
}

/** `exp_avg.NAME` and `exp_avg_sq.NAME` for each parameter, in its order. */
export function momentShapes(
  parameters: ReadonlyMap<string, { shape: number[] }>,
): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const [name, { shape }] of parameters) {
    for (const key of MOMENTS) shapes.set(`${key}.${name}`, [...shape]);
  }
  return shapes;
}

/** PyTorch's words. */
export const MOMENTS = ['exp_avg', 'exp_avg_sq'] as const;
