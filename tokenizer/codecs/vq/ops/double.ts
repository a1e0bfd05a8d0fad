/** Doubles the size: each pixel four times. */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { differentiable } from '../../../../compute/differentiable.ts';

/** @param x [batch, height, width, channels] -> [batch, 2 height, 2 width, channels] */
export function doubleSize(backend: Backend, x: Tensor4D): Tensor4D {
  const { tf } = backend;
  const [batch, height, width, channels] = x.shape;
  return differentiable<Tensor4D>(
    backend,
    [x],
    () => ({ value: tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]), saved: [] }),
    (dy) => [
      tf.tidy(() =>
        tf.mul(tf.avgPool(dy, 2, 2, 'valid'), 4).reshape([batch, height, width, channels]),
      ),
    ],
  );
}
