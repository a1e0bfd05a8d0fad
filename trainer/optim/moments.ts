/** What every backend's form of Adam has in common. */
import type { Tensor, Variable } from '@tensorflow/tfjs';

/** One update of one tensor, all numbers known: what a backend's form of Adam computes. */
export interface AdamUpdate {
  /** Weights are multiplied by this before the update. */
  keep: number;
  /** lr / (1 - beta1^step), what m is multiplied by. */
  rate: number;
  /** √(1 - beta2^step), what √v is divided by. */
  correction: number;
  lr: number;
  /** beta1^step, beta2^step. */
  powers: readonly [number, number];
  betas: readonly [number, number];
  eps: number;
}

/** The moments of one parameter, and its update on one of the backends. */
export interface Moments {
  update(parameter: Variable, gradient: Tensor, update: AdamUpdate): void;
  /** m, then v. The caller's to dispose. */
  read(): [Tensor, Tensor];
  /** Copies them. */
  write(m: Tensor, v: Tensor): void;
  dispose(): void;
}
