/**
 * Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): only the input of a piece of the
 * model is kept, and its forward pass is recomputed when the gradients need it.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable } from './differentiable.ts';

/** The part of tfjs's engine that a nested gradient would lose. */
interface TapeHolder {
  state: { activeTape: unknown };
}

/**
 * @param piece computes the output from `x`; it is differentiable in `x` and in `variables`, and
 * gives the same result at each call
 * @param variables all variables that `piece` trains
 */
export function checkpointed<T extends Tensor>(
  backend: Backend,
  x: T,
  variables: Variable[],
  piece: (x: T) => T,
): T {
  const { tf } = backend;
  return differentiable<T>(
    backend,
    [x, ...variables],
    () => ({ value: tf.tidy(() => piece(x)), saved: [x] }),
    (dy, [x]) =>
      keepTape(backend, () => {
        const gradients = tf.grads((x) => piece(x as T));
        return gradients([x, ...variables], dy);
      }),
  );
}

/**
 * Keeps the tape during an inner gradient: tfjs clears it after any gradient, but the outer one
 * still needs it.
 */
function keepTape<Result>({ tf }: Backend, inner: () => Result): Result {
  const { state } = tf.engine() as unknown as TapeHolder;
  const tape = state.activeTape;
  try {
    return inner();
  } finally {
    state.activeTape = tape;
  }
}
