/** The code that lies nearest to each row. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';

/**
 * By the squared distance less the row's own length, which is the same for all codes.
 * @param rows [count, width]
 * @param book [codes, width]
 * @returns [count], of equals the first
 */
export function nearestCodes({ tf }: Backend, rows: Tensor2D, book: Tensor2D): Tensor1D {
  const lengths = tf.sum(tf.square(book), 1);
  return tf.argMin(tf.sub(lengths, tf.mul(2, tf.matMul(rows, book, false, true))), 1);
}
