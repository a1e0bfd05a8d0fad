/**
 * The z-loss keeps the logits' normalizer near 1, so that the logits do not drift to a range where
 * softmax loses precision (Chowdhery et al. 2022, PaLM, arXiv 2204.02311, section 5: 1e-4 log² Z).
 */
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { countedRows } from './cross-entropy.ts';
import { differentiable } from './differentiable.ts';
import { softmax } from './softmax.ts';

/**
 * @param logits [rows, vocabulary]
 * @param targets int32 [rows]; rows of `IGNORED` targets add nothing
 * @returns the sum of log² Z over the rows, with Z the sum of exp(logits)
 */
export function zLoss(backend: Backend, logits: Tensor2D, targets: Tensor1D): Scalar {
  const { tf } = backend;
  return differentiable<Scalar>(
    backend,
    [logits],
    () => {
      const counts = tf.expandDims(countedRows(backend, targets), 1);
      const logZ = tf.mul(tf.logSumExp(logits, 1, true), counts); // [rows, 1]
      return { value: tf.sum(tf.square(logZ)), saved: [logits, logZ] };
    },
    (dy, [logits, logZ]) =>
      // d log² Z / d logits = 2 log Z softmax(logits)
      tf.tidy(() => [tf.mul(softmax(backend, logits), tf.mul(logZ, tf.mul(dy, 2)))]),
  );
}
