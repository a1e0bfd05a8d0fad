/** What a run trains, however weights, gradients and moments are divided among its ranks. */
import type { Tensor } from '@tensorflow/tfjs';
import type { ModelPart, Trainable } from '../model/parts.ts';
import type { NamedArray } from '../model/streams.ts';

/** Facts of a step before any weight changes. */
export interface ClippedStep {
  /** Global norm of the gradients before clipping. */
  norm: number;
  /** By the name of every parameter; undefined where another rank has all of it. */
  parameters: ReadonlyMap<string, Tensor | undefined>;
  gradients: ReadonlyMap<string, Tensor | undefined>;
}

export interface Training {
  readonly model: Trainable;
  /**
   * Takes over the gradients of a part of the model, of one micro batch of this rank, already divided
   * by the number of targets of all ranks. Collective where gradients are sharded.
   */
  add(part: ModelPart, gradients: Map<string, Tensor>): void | Promise<void>;
  /**
   * Sums the gradients over ranks, clips them by their global norm and updates the weights. Collective.
   * @param clipNorm highest global norm; 0 disables clipping
   * @param check called before any weight changes; may throw
   * @returns the norm before clipping
   */
  step(lr: number, clipNorm: number, check: (step: ClippedStep) => Promise<void>): Promise<number>;
  /** All weights, whole, in the order of the computation; at least in rank 0. Collective. */
  weights(): AsyncGenerator<NamedArray, void>;
  /** Names and shapes of the results of `moments`, in their order. */
  momentShapes(): Map<string, number[]>;
  /** Both moments of every parameter, whole; at least in rank 0. Collective. */
  moments(): AsyncGenerator<NamedArray, void>;
  dispose(): void;
}
