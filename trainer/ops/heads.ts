/** Converts rows of the residual stream to attention heads, and back. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';

/** [batch * time, heads * headSize] -> [batch, heads, time, headSize] */
export function splitHeads({ tf }: Backend, x: Tensor2D, batch: number, heads: number): Tensor4D {
  const time = x.shape[0] / batch;
  return tf.transpose(
    tf.reshape(x, [batch, time, heads, x.shape[1] / heads]) as Tensor4D,
    [0, 2, 1, 3],
  );
}

/** [batch, heads, time, headSize] -> [batch * time, heads * headSize] */
export function mergeHeads({ tf }: Backend, x: Tensor4D): Tensor2D {
  const [batch, heads, time, size] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch * time, heads * size]);
}
