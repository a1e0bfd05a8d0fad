/**
 * Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): of a piece of the model only its
 * input is kept, and its forward pass is computed again when the gradients need it.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import { differentiable } from './differentiable.ts';

/** The part of tfjs's engine that a gradient inside of a gradient would lose. */
interface TapeHolder {
  state: { activeTape: unknown };
}

/**
 * @param piece from `x` to the output, differentiable in `x` and in `variables`, the same at each call
 * @param variables all that `piece` learns
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

/** tfjs clears its tape after any gradient; the outer one still reads it. */
function keepTape<Result>({ tf }: Backend, inner: () => Result): Result {
  const { state } = tf.engine() as unknown as TapeHolder;
  const tape = state.activeTape;
  try {
    return inner();
  } finally {
    state.activeTape = tape;
  }
}
