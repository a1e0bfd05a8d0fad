/** The sum of the residual stream and what a layer adds to it. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable } from './differentiable.ts';

/** x + change, of equal shapes. tfjs's own sum would save both for its gradient. */
export function residual<T extends Tensor>(backend: Backend, x: T, change: T): T {
  const { tf } = backend;
  return differentiable<T>(
    backend,
    [x, change],
    () => ({ value: tf.add<T>(x, change), saved: [] }),
    (dy) => [tf.clone(dy), tf.clone(dy)],
  );
}
