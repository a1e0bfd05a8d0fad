/** Root mean square layer normalization (Zhang and Sennrich 2019, arXiv 1910.07467, equation 4). */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable } from './differentiable.ts';

/**
 * y = x r w with r = 1 / sqrt(mean(x²) + eps), the mean over a row.
 * @param x [rows, size]
 * @param weight [size]
 */
export function rmsNorm(
  backend: Backend,
  x: Tensor2D,
  weight: Tensor1D,
  epsilon: number,
): Tensor2D {
  const { tf } = backend;
  const size = x.shape[1];
  return differentiable<Tensor2D>(
    backend,
    [x, weight],
    () => {
      const r = tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), epsilon)); // [rows, 1]
      return { value: tf.mul(tf.mul(x, r), weight), saved: [x, weight, r] };
    },
    (dy, [x, weight, r]) =>
      tf.tidy(() => {
        // With g = dy w:  dx = r g - x r³ mean(g x),  dw = sum of dy x r over the rows.
        // Both sums are products of (dy x) with a vector: one pass instead of two each.
        const dyx = tf.mul(dy, x) as Tensor2D; // [rows, size]
        const meanGx = tf.matMul(dyx, tf.reshape(tf.div(weight, size), [size, 1])); // [rows, 1]
        const dw = tf.matMul(tf.reshape(r, [1, -1]) as Tensor2D, dyx); // [1, size]
        const along = tf.mul(meanGx, tf.pow(r, 3)); // [rows, 1]
        const dx = tf.sub(tf.mul(tf.mul(dy, weight), r), tf.mul(x, along));
        return [dx, tf.reshape(dw, [size])];
      }),
  );
}
