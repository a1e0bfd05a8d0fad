/** What every backend's form of Adam has in common. */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';

/** One update, all numbers known: what a backend's form of Adam computes. */
export interface AdamUpdate {
  /** Weights of this tensor are multiplied by this before the update; all else is that of the step. */
  keep: number;
  /** lr / (1 - beta1^step), what m is multiplied by. */
  rate: number;
  /** √(1 - beta2^step), what √v is divided by. */
  correction: number;
  betas: readonly [number, number];
  eps: number;
  /** What TensorFlow's op takes: both beta^step, lr, both betas, epsilon. */
  scalars: Scalar[];
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
