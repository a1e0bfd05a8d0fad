/** Blocks of queries, and the mask of each block. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';

/** Low enough that softmax gives exactly 0 beside any score, but finite. */
const HIDDEN = -1e30;

/** A block of queries start..end. It sees the keys 0..end. */
export interface Range {
  start: number;
  end: number;
}

/**
 * 0 for keys that a query of the block may see, otherwise a very low number; broadcasts to [batch,
 * heads, rows, end].
 */
export type Mask = (range: Range) => Tensor;

export function blocksOf(time: number, block: number): Range[] {
  const count = Math.ceil(time / block);
  return Array.from({ length: count }, (_, i) => ({
    start: i * block,
    end: Math.min(time, (i + 1) * block),
  }));
}

/**
 * Makes the masks. Aligned at the end, every block has the same triangle, so one table is made and
 * blocks are cut from it.
 * @param segments int32 [batch, time]; when given, a query sees only keys of its own segment
 */
export function blockMask(
  backend: Backend,
  { batch, time }: { batch: number; time: number },
  block: number,
  segments?: Tensor2D,
): Mask {
  const { tf } = backend;
  const table = triangle(backend, Math.min(block, time), time);
  return ({ start, end }) =>
    tf.tidy(() => {
      const rows = end - start;
      const causal = tf.slice(table, [table.shape[0] - rows, time - end], [rows, end]);
      if (!segments) return causal;
      const of = tf.reshape(tf.slice(segments, [0, start], [-1, rows]), [batch, 1, rows, 1]);
      const at = tf.reshape(tf.slice(segments, [0, 0], [-1, end]), [batch, 1, 1, end]);
      const other = tf.cast(tf.notEqual(of, at), 'float32');
      return tf.add(tf.mul(other, HIDDEN), causal);
    });
}

/** The last rows of a causal mask of time x time. */
function triangle({ tf }: Backend, rows: number, time: number): Tensor2D {
  const mask = new Float32Array(rows * time);
  for (let row = 0; row < rows; row++) {
    mask.fill(HIDDEN, row * time + (time - rows) + row + 1, (row + 1) * time);
  }
  return tf.tensor2d(mask, [rows, time]);
}
