/** The parts that every backend's form of Adam has in common. */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';

/** The numbers of one update, which a backend's form of Adam applies. */
export interface AdamUpdate {
  /**
   * Factor of the weights before the update; it depends on the tensor, the other numbers do not.
   */
  keep: number;
  /** lr / (1 - beta1^step), the factor of m. */
  rate: number;
  /** √(1 - beta2^step), the divisor of √v. */
  correction: number;
  betas: readonly [number, number];
  eps: number;
  /** Inputs of TensorFlow's op: both beta^step, lr, both betas, epsilon. */
  scalars: Scalar[];
}

/** The moments of one parameter, and its update on one of the backends. */
export interface Moments {
  update(parameter: Variable, gradient: Tensor, update: AdamUpdate): void;
  /** m, then v. The caller disposes of them. */
  read(): [Tensor, Tensor];
  /** Copies m and v into the moments. */
  write(m: Tensor, v: Tensor): void;
  dispose(): void;
}
