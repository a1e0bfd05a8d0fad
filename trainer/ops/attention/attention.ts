/**
 * Causal attention in blocks of queries. A block sees only the keys before its end, so scores above
 * the diagonal are never computed. The scores of a block are recomputed in the backward pass, so
 * memory grows with block * time and not with time². Recomputation follows FlashAttention (Dao et
 * al. 2022, arXiv 2205.14135, section 3.1); whole rows of scores are kept, so no running maximum is
 * needed.
 */
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { differentiable } from '../differentiable.ts';
import { batchMatMul } from '../mat-mul.ts';
import { softmax } from '../softmax.ts';
import {
  type Grouped,
  grouped as groupedOf,
  joinTime,
  keys,
  queries,
  type Shape,
  splitRows,
  unfold,
} from './blocks.ts';
import { blockMask, blocksOf, type Mask, type Range } from './causal-blocks.ts';

/** Queries per block: this many rows of scores are alive at once. */
export const QUERY_BLOCK = 128;

/**
 * softmax(Q Kᵀ / √headSize + mask) V. With fewer key than query heads, consecutive query heads
 * share one (Ainslie et al. 2023, arXiv 2305.13245).
 * @param q [batch, heads, time, headSize]
 * @param k [batch, kvHeads, time, headSize]
 * @param v [batch, kvHeads, time, headSize]
 * @param segments int32 [batch, time]: a query sees only keys of its own segment
 * @returns [batch, heads, time, headSize]
 */
export function attention(
  backend: Backend,
  q: Tensor4D,
  k: Tensor4D,
  v: Tensor4D,
  block = QUERY_BLOCK,
  segments?: Tensor2D,
): Tensor4D {
  const { tf } = backend;
  const [batch, heads, time, size] = q.shape;
  const kvHeads = k.shape[1];
  const groups = batch * kvHeads;
  const shape: Shape = { batch, groups, queriesPerKey: heads / kvHeads, time, size };
  const grouped = (x: Tensor4D) => groupedOf(backend, shape, x);
  const keyed = (x: Tensor4D) => tf.reshape(x, [groups, time, size]) as Tensor3D;
  return differentiable<Tensor4D>(
    backend,
    [q, k, v],
    () => {
      // Saved instead of the queries: the same size, and the backward pass needs only this.
      const scaled = tf.mul(grouped(q), 1 / Math.sqrt(size)) as Grouped;
      const [keyRows, valueRows] = [keyed(k), keyed(v)];
      const output = tf.tidy(() => {
        const mask = blockMask(backend, shape, block, segments);
        const blocks = blocksOf(time, block).map((range) =>
          tf.tidy(() => {
            const rows = queries(backend, shape, scaled, range);
            const p = probabilities(
              backend,
              shape,
              range,
              rows,
              keys(backend, keyRows, range),
              mask,
            );
            return unfold(backend, shape, batchMatMul(backend, p, keys(backend, valueRows, range)));
          }),
        );
        return tf.reshape(joinTime(backend, blocks), q.shape) as Tensor4D;
      });
      const saved = [scaled, keyRows, valueRows, output, ...(segments ? [segments] : [])];
      return { value: output, saved };
    },
    (dy, [scaled, keyRows, valueRows, output, segments]) =>
      tf.tidy(() => {
        // Row sums of dP P, from the outputs: FlashAttention's D (equation 4 of its appendix B).
        const rowSums = tf.sum(tf.mul(grouped(dy), grouped(output as Tensor4D)), -1, true);
        const gradients = backward(
          backend,
          shape,
          block,
          { q: scaled as Grouped, k: keyRows as Tensor3D, v: valueRows as Tensor3D },
          grouped(dy),
          rowSums as Grouped,
          blockMask(backend, shape, block, segments as Tensor2D | undefined),
        );
        return [
          tf.reshape(tf.mul(gradients.q, 1 / Math.sqrt(size)), q.shape),
          tf.reshape(gradients.k, k.shape),
          tf.reshape(gradients.v, v.shape),
        ];
      }),
  );
}

/**
 * A gradient of keys or values to which blocks are still being added; the first block starts it.
 */
type Sum = {
  head?: Tensor3D;
  tail: Tensor3D;
};

interface Projections<Query> {
  q: Query;
  k: Tensor3D;
  v: Tensor3D;
}

/**
 * Goes from the last block to the first. Each adds to the gradients of the keys before its end, so
 * after it the last `block` rows of the running sums are final, and the sums get shorter.
 */
function backward(
  backend: Backend,
  shape: Shape,
  block: number,
  { q, k, v }: Projections<Grouped>,
  dy: Grouped,
  rowSums: Grouped,
  mask: Mask,
): Projections<Grouped> {
  const { tf } = backend;
  const done = { q: [] as Grouped[], k: [] as Tensor3D[], v: [] as Tensor3D[] };
  let sums: { k: Sum; v: Sum } | undefined;
  for (const range of blocksOf(shape.time, block).reverse()) {
    const { start } = range;
    const rows = tf.tidy(() => {
      const dyRows = queries(backend, shape, dy, range);
      const qRows = queries(backend, shape, q, range);
      const seen = keys(backend, k, range);
      const p = probabilities(backend, shape, range, qRows, seen, mask);
      const dv = batchMatMul(backend, p, dyRows, { a: true });
      const dp = batchMatMul(backend, dyRows, keys(backend, v, range), { b: true });
      const ds = tf.mul(p, tf.sub(dp, queries(backend, shape, rowSums, range))) as Tensor3D;
      const dq = unfold(backend, shape, batchMatMul(backend, ds, seen));
      const dk = batchMatMul(backend, ds, qRows, { a: true });
      const split = (fresh: Tensor3D, sum?: Tensor3D): Sum => {
        const total = sum ? tf.add<Tensor3D>(fresh, sum) : fresh;
        if (start === 0) return { tail: total };
        const [head, tail] = splitRows(backend, total, start);
        return { head, tail };
      };
      return { dq, k: split(dk, sums?.k.head), v: split(dv, sums?.v.head) };
    });
    if (sums) tf.dispose([sums.k.head!, sums.v.head!]);
    done.q.unshift(rows.dq);
    done.k.unshift(rows.k.tail);
    done.v.unshift(rows.v.tail);
    sums = rows;
  }
  return {
    q: joinTime(backend, done.q),
    k: joinTime(backend, done.k),
    v: joinTime(backend, done.v),
  };
}

/**
 * Attention probabilities of the queries of a block, [groups, queriesPerKey * rows, end].
 * @param q queries of the block, [groups, queriesPerKey * rows, size]
 * @param k keys that it sees, [groups, end, size]
 */
function probabilities(
  backend: Backend,
  shape: Shape,
  range: Range,
  q: Tensor3D,
  k: Tensor3D,
  mask: Mask,
): Tensor3D {
  const { tf } = backend;
  return tf.tidy(() => {
    const scores = batchMatMul(backend, q, k, { b: true });
    const hiding = mask(range);
    // A mask that is the same for all groups broadcasts, unless heads are folded into rows.
    if (hiding.rank === 2 && shape.queriesPerKey === 1) {
      return softmax(backend, tf.add(scores, hiding) as Tensor3D);
    }
    const perHead = [shape.batch, -1, range.end - range.start, range.end];
    const hidden = tf.add(tf.reshape(scores, perHead), hiding);
    return softmax(backend, tf.reshape(hidden, scores.shape) as Tensor3D);
  });
}
