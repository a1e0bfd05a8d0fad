/**
 * Causal attention in blocks of queries. A block sees only the keys before its end, so what
 * lies above the diagonal is never computed; its scores are computed again in the backward
 * pass, so memory grows with block * time and not with time². The idea of recomputing is
 * FlashAttention's (Dao et al. 2022, arXiv 2205.14135, section 3.1); whole rows of scores are
 * kept, so no running maximum is needed.
 */
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../backend/choose.ts';
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

/** Queries of a block: scores of this many rows are alive at once. */
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
      // Kept instead of the queries: the same size, and the backward pass asks for it alone.
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

/** A gradient of keys or values while blocks still add to its head; the first block has none. */
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
 * Blocks from the last to the first: each adds to the gradients of the keys before its end, so
 * the last `block` rows of the running sums are final once it is done, and the sums shrink.
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
 * Attention of the queries of a block, [groups, queriesPerKey * rows, end].
 * @param q of the block, [groups, queriesPerKey * rows, size]
 * @param k that it sees, [groups, end, size]
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
    // A mask for all alike broadcasts to the groups as they are, unless heads are folded into rows.
    if (hiding.rank === 2 && shape.queriesPerKey === 1) {
      return softmax(backend, tf.add(scores, hiding) as Tensor3D);
    }
    const perHead = [shape.batch, -1, range.end - range.start, range.end];
    const hidden = tf.add(tf.reshape(scores, perHead), hiding);
    return softmax(backend, tf.reshape(hidden, scores.shape) as Tensor3D);
  });
}
