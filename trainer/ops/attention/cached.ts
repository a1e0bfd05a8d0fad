/** Attention of new tokens to all tokens before them, for decoding. It has no gradient. */
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { batchMatMul } from '../mat-mul.ts';
import { softmax } from '../softmax.ts';

const HIDDEN = -1e30;

/**
 * @param q [batch, heads, new, headSize]
 * @param pieces keys and values of all positions in order, the new ones last, each [batch, kvHeads,
 *   ·, headSize]; given in pieces, so that the long one need not be copied
 * @returns [batch, heads, new, headSize]
 */
export function cachedAttention(
  backend: Backend,
  q: Tensor4D,
  pieces: { k: Tensor4D; v: Tensor4D }[],
): Tensor4D {
  const { tf } = backend;
  const [batch, heads, fresh, size] = q.shape;
  const kvHeads = pieces[0].k.shape[1];
  const groups = batch * kvHeads;
  return tf.tidy(() => {
    // Query heads that share a key head become rows of one product.
    const rows = tf.reshape(tf.mul(q, 1 / Math.sqrt(size)), [groups, -1, size]) as Tensor3D;
    const flat = (x: Tensor4D) => tf.reshape(x, [groups, -1, size]) as Tensor3D;
    const scores = pieces.map(({ k }) => batchMatMul(backend, rows, flat(k), { b: true }));
    const joined = scores.length === 1 ? scores[0] : (tf.concat(scores, 2) as Tensor3D);
    const p = softmax(backend, hideFuture(backend, joined, heads / kvHeads, fresh));
    const lengths = pieces.map(({ k }) => k.shape[2]);
    const parts = pieces.length === 1 ? [p] : (tf.split(p, lengths, 2) as Tensor3D[]);
    const sums = parts.map((part, i) => batchMatMul(backend, part, flat(pieces[i].v)));
    return tf.reshape(tf.addN(sums), q.shape) as Tensor4D;
  });
}

/**
 * Masks later tokens. A single new token sees everything; of several, each sees the tokens before
 * it.
 */
function hideFuture(
  { tf }: Backend,
  scores: Tensor3D,
  queriesPerKey: number,
  fresh: number,
): Tensor3D {
  if (fresh === 1) return scores;
  const total = scores.shape[2];
  const mask = new Float32Array(fresh * total);
  for (let row = 0; row < fresh; row++) {
    mask.fill(HIDDEN, row * total + (total - fresh) + row + 1, (row + 1) * total);
  }
  const perHead = [scores.shape[0] * queriesPerKey, fresh, total];
  const rows = tf.tensor2d(mask, [fresh, total]) as Tensor2D;
  return tf.reshape(tf.add(tf.reshape(scores, perHead), rows), scores.shape);
}
