/** Swish, or SiLU: y = x sigmoid(x). */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { differentiable } from '../../../../compute/differentiable.ts';
import { hasOneDnn, runOneDnn } from '../../../../compute/one-dnn.ts';

export function swish(backend: Backend, x: Tensor4D): Tensor4D {
  const { tf, native } = backend;
  return differentiable<Tensor4D>(
    backend,
    [x],
    () => {
      const isFused = native && hasOneDnn(backend, 'silu');
      const value = isFused ? runOneDnn(native, 'silu', x) : tf.mul(x, tf.sigmoid(x));
      return { value: value as Tensor4D, saved: [x] };
    },
    (dy, [input]) =>
      tf.tidy(() => {
        // y' = s (1 + x (1 - s)) = s + y (1 - s)
        const s = tf.sigmoid(input);
        const y = tf.mul(input, s);
        return [tf.mul(dy, tf.add(s, tf.mul(y, tf.sub(1, s))))];
      }),
  );
}
