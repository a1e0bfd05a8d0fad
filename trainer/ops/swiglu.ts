/** The gated unit of Llama's feed-forward layer (Shazeer 2020, arXiv 2002.05202, equation 6). */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable, floatType } from './differentiable.ts';
import { hasOneDnn, runOneDnn } from './one-dnn.ts';

/**
 * silu(gate) * up, with silu(g) = g sigmoid(g).
 * @param gate [rows, size]
 * @param up [rows, size]
 */
export function swiglu(backend: Backend, gate: Tensor2D, up: Tensor2D): Tensor2D {
  const { tf } = backend;
  return differentiable<Tensor2D>(
    backend,
    [gate, up],
    () => ({ value: tf.mul(silu(backend, gate), up), saved: [gate, up] }),
    (dy, [gate, up]) =>
      tf.tidy(() => {
        // silu'(g) = s + g s (1 - s). Recomputing the sigmoid is cheaper than keeping it.
        const s = tf.sigmoid(gate as Tensor2D);
        const slope = tf.add(s, sigmoidGradient(backend, s, gate as Tensor2D));
        const dGate = tf.mul(tf.mul(dy, up), slope);
        const dUp = tf.mul(dy, tf.mul(gate, s));
        return [dGate, dUp];
      }),
  );
}

/** silu without a gradient. */
export function silu(backend: Backend, gate: Tensor2D): Tensor2D {
  if (hasOneDnn(backend, 'silu')) return runOneDnn(backend.native!, 'silu', gate);
  return backend.tf.mul(gate, backend.tf.sigmoid(gate));
}

/** dy s (1 - s), for s = sigmoid(x). */
function sigmoidGradient(backend: Backend, s: Tensor2D, dy: Tensor2D): Tensor2D {
  const { native, tf } = backend;
  if (native) return native.run('SigmoidGrad', [floatType(native)], [s, dy], 1)[0] as Tensor2D;
  return tf.mul(dy, tf.sub(s, tf.square(s)));
}
