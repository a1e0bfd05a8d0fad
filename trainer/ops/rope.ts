/** Rotary position embedding (Su et al. 2021, arXiv 2104.09864, equation 34), in Hugging Face's order of pairs. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable } from './differentiable.ts';
import { matMul } from './mat-mul.ts';

/** Cosines and sines of consecutive positions, and the matrix that swaps the halves of a head. */
export interface RopeTable {
  /** Cosines, [positions, headSize]; both halves are equal. */
  cos: Tensor2D;
  sin: Tensor2D;
  /** [headSize, headSize]: x R = (-x₂, x₁) for x = (x₁, x₂). */
  rotate: Tensor2D;
}

/**
 * Pair i of a head is rotated by position * theta^(-2i / headSize). Angles are computed in double
 * precision: at position 12,288 single precision would be off by 1e-3.
 * @param start position of the first row
 */
export function ropeTable(
  { tf }: Backend,
  headSize: number,
  start: number,
  positions: number,
  theta: number,
): RopeTable {
  const half = headSize / 2;
  const cos = new Float32Array(positions * headSize);
  const sin = new Float32Array(positions * headSize);
  for (let i = 0; i < headSize; i++) {
    const frequency = theta ** ((-2 * (i % half)) / headSize);
    for (let row = 0; row < positions; row++) {
      const angle = (start + row) * frequency;
      cos[row * headSize + i] = Math.cos(angle);
      sin[row * headSize + i] = Math.sin(angle);
    }
  }
  const rotate = new Float32Array(headSize * headSize);
  for (let i = 0; i < half; i++) {
    rotate[(i + half) * headSize + i] = -1;
    rotate[i * headSize + i + half] = 1;
  }
  return {
    cos: tf.tensor2d(cos, [positions, headSize]),
    sin: tf.tensor2d(sin, [positions, headSize]),
    rotate: tf.tensor2d(rotate, [headSize, headSize]),
  };
}

/**
 * x cos + (x R) sin. The swap of the halves is a small matrix product: one pass over
 * memory where slices, a negation and a concatenation are four.
 * @param x [batch, heads, time, headSize]
 * @param table of `time` positions
 */
export function rope(backend: Backend, x: Tensor4D, table: RopeTable): Tensor4D {
  return differentiable<Tensor4D>(
    backend,
    [x],
    () => ({ value: turn(backend, x, table), saved: [] }),
    (dy) => [turn(backend, dy, table, true)],
  );
}

/**
 * The inverse rotates in the opposite direction; it is also the gradient, because rotations are
 * orthogonal.
 */
function turn(backend: Backend, x: Tensor4D, table: RopeTable, inverse = false): Tensor4D {
  const { tf } = backend;
  const [batch, heads, time, size] = x.shape;
  return tf.tidy(() => {
    const swapped = matMul(backend, tf.reshape(x, [-1, size]) as Tensor2D, table.rotate);
    // One row per head, so that the tables broadcast along rows.
    const rows = [batch * heads, time * size];
    const kept = tf.mul(tf.reshape(x, rows), tf.reshape(table.cos, [1, -1]));
    const turned = tf.mul(tf.reshape(swapped, rows), tf.reshape(table.sin, [1, -1]));
    return tf.reshape(inverse ? tf.sub(kept, turned) : tf.add(kept, turned), x.shape);
  });
}
