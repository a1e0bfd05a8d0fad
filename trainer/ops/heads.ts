/**
 * Converts rows of the residual stream to attention heads, and back. Each is the gradient of the
 * other and needs nothing saved; tfjs's own `reshape` would save its input.
 */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable } from './differentiable.ts';

/** [batch * time, heads * headSize] -> [batch, heads, time, headSize] */
export function splitHeads(backend: Backend, x: Tensor2D, batch: number, heads: number): Tensor4D {
  return differentiable<Tensor4D>(
    backend,
    [x],
    () => ({ value: split(backend, x, batch, heads), saved: [] }),
    (dy) => [merge(backend, dy)],
  );
}

/** [batch, heads, time, headSize] -> [batch * time, heads * headSize] */
export function mergeHeads(backend: Backend, x: Tensor4D): Tensor2D {
  const [batch, heads] = x.shape;
  return differentiable<Tensor2D>(
    backend,
    [x],
    () => ({ value: merge(backend, x), saved: [] }),
    (dy) => [split(backend, dy, batch, heads)],
  );
}

function split({ tf }: Backend, x: Tensor2D, batch: number, heads: number): Tensor4D {
  const time = x.shape[0] / batch;
  return tf.transpose(
    tf.reshape(x, [batch, time, heads, x.shape[1] / heads]) as Tensor4D,
    [0, 2, 1, 3],
  );
}

function merge({ tf }: Backend, x: Tensor4D): Tensor2D {
  const [batch, heads, time, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * time, heads * size]);
}
