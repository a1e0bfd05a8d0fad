/**
 * The first half of a block as one function with its gradient: norm, projections, rotary embedding,
 * causal attention, output projection. Attention goes in blocks of queries, whose scores are computed
 * again on the way back (trainer/ops/attention); each block is a tensor of its own from the start.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { differentiable } from '../differentiable.ts';
import type { Handle } from '../handles.ts';
import type { Precision } from '../linear.ts';
import type { RopeTable } from '../rope.ts';
import { attentionBlocks, attentionBlocksGrad } from './attention-blocks.ts';
import type { HeadLayout } from './fused-ops.ts';
import { withOps } from './with-ops.ts';

export interface AttentionWeights {
  norm: Tensor1D;
  /** [heads * size, hidden] */
  q: Tensor2D;
  /** [kvHeads * size, hidden] */
  k: Tensor2D;
  v: Tensor2D;
  /** [hidden, heads * size] */
  o: Tensor2D;
}

export interface AttentionShape {
  batch: number;
  heads: number;
  kvHeads: number;
  /** Queries of a block. */
  block: number;
}

export interface AttentionOptions {
  /** Added to the mean square by the norm. */
  epsilon: number;
  precision?: Precision;
  /** int32 [batch, time]: a query sees only keys of its own segment. */
  segments?: Tensor2D;
}

/**
 * x + o(attention(q(n), k(n), v(n))) with n = rmsNorm(x)
 * @param x [batch * time, hidden]
 * @param table of at least `time` positions
 */
export function fusedAttention(
  backend: Backend,
  x: Tensor2D,
  weights: AttentionWeights,
  { batch, heads, kvHeads, block }: AttentionShape,
  { cos, sin }: RopeTable,
  { epsilon, precision = 'fp32', segments }: AttentionOptions,
): Tensor2D {
  const { norm, q, k, v, o } = weights;
  const time = x.shape[0] / batch;
  const size = q.shape[0] / heads;
  const blocks = Math.ceil(time / block);
  const queriesPerKey = heads / kvHeads;
  const plain = { ...{ batch, heads, queriesPerKey, block, blocks }, scale: 1 };
  const layouts = {
    output: plain,
    q: { ...plain, scale: 1 / Math.sqrt(size) },
    // Keys and values come as one block, each head by itself.
    kv: { ...plain, heads: kvHeads, queriesPerKey: 1, block: time, blocks: 1 },
  } satisfies Record<string, HeadLayout>;
  return differentiable<Tensor2D>(
    backend,
    [x, norm, q, k, v, o],
    () =>
      withOps(backend, precision, (ops) => {
        const input = ops.of(x);
        const angles = [ops.of(cos), ops.of(sin)];
        const [n, r] = ops.rmsNorm(input, ops.of(norm), epsilon);
        const project = (weight: Tensor2D, layout: HeadLayout, angles: Handle[]) => {
          const rows = ops.product(n, ops.factor(ops.of(weight)), { b: true });
          const split = ops.splitHeads(rows, layout, angles);
          ops.free(rows);
          return split;
        };
        const qs = project(q, layouts.q, angles);
        const [keys] = project(k, layouts.kv, angles);
        const [values] = project(v, layouts.kv, []);
        ops.free(n);
        const ids = segments && ops.of(segments);
        const outputs = attentionBlocks(ops, qs, keys, values, queriesPerKey, ids);
        const merged = ops.mergeHeads(outputs, layouts.output);
        const change = ops.product(merged, ops.factor(ops.of(o)), { b: true });
        ops.free(merged);
        const value = ops.take(ops.residual(input, change)) as Tensor2D;
        const kept = [r, keys, values, ...qs, ...outputs].map((handle) => ops.take(handle));
        return { value, saved: [x, norm, q, k, v, o, ...kept, ...(segments ? [segments] : [])] };
      }),
    (dy, saved) =>
      withOps(backend, precision, (ops) => {
        const handles = saved.map((tensor) => ops.of(tensor));
        const [x, norm, q, k, v, o, r, keys, values, ...rest] = handles;
        const [qs, outputs] = [rest.slice(0, blocks), rest.slice(blocks, 2 * blocks)];
        const skip = ops.of(dy);
        const angles = [ops.of(cos), ops.of(sin)];
        const dchange = ops.factor(skip);
        const merged = ops.mergeHeads(outputs, layouts.output);
        const dO = ops.wide(ops.product(dchange, merged, { a: true }));
        ops.free(merged);
        const dmerged = ops.product(dchange, ops.factor(o));
        ops.free(dchange);
        const doutputs = ops.splitHeads(dmerged, layouts.output);
        ops.free(dmerged);
        const forward = { qs, keys, values, outputs, segments: rest[2 * blocks] };
        const heads = attentionBlocksGrad(ops, forward, doutputs, queriesPerKey);
        const rows = [
          ops.mergeHeads(heads.qs, layouts.q, angles),
          ops.mergeHeads([heads.keys], layouts.kv, angles),
          ops.mergeHeads([heads.values], layouts.kv),
        ];
        ops.free(...heads.qs, heads.keys, heads.values);
        const [n, again] = ops.rmsNorm(x, norm, epsilon);
        const [dQ, dK, dV] = rows.map((d) => ops.wide(ops.product(d, n, { a: true })));
        ops.free(n, again);
        const parts = [q, k, v].map((weight, i) => ops.product(rows[i], ops.factor(weight)));
        ops.free(...rows);
        const [dx, dNorm] = ops.rmsNormGrad(parts, x, norm, r, skip);
        return [dx, dNorm, dQ, dK, dV, dO].map((result): Tensor => ops.take(result));
      }),
  );
}
