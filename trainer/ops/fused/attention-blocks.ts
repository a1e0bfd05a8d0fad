/** Causal attention in blocks of queries, on handles, and its gradient. */
import type { Handle } from '../handles.ts';
import type { FusedOps } from './fused-ops.ts';

export interface Attended {
  /** Blocks of scaled queries, each [groups, queriesPerKey * rows, size]. */
  qs: readonly Handle[];
  /** [groups, time, size] */
  keys: Handle;
  values: Handle;
  /** As the queries. */
  outputs: readonly Handle[];
  segments?: Handle;
}

/** @returns the output of each block of queries */
export function attentionBlocks(
  ops: FusedOps,
  qs: readonly Handle[],
  keys: Handle,
  values: Handle,
  queriesPerKey: number,
  segments?: Handle,
): Handle[] {
  return seenBy(qs, queriesPerKey).map((seen, i) => {
    const isAll = i === qs.length - 1;
    const seenKeys = ops.firstRows(keys, seen);
    const p = probabilities(ops, qs[i], seenKeys, queriesPerKey, segments);
    if (!isAll) ops.free(seenKeys);
    const seenValues = ops.firstRows(values, seen);
    const output = ops.batchProduct(p, seenValues);
    ops.free(p);
    if (!isAll) ops.free(seenValues);
    return output;
  });
}

/**
 * Goes from the last block to the first: the gradients of keys and values are those of the last block, to
 * which the others are added.
 */
export function attentionBlocksGrad(
  ops: FusedOps,
  { qs, keys, values, outputs, segments }: Attended,
  doutputs: readonly Handle[],
  queriesPerKey: number,
): { qs: Handle[]; keys: Handle; values: Handle } {
  const ends = seenBy(qs, queriesPerKey);
  const dqs: Handle[] = [];
  let sums: { keys: Handle; values: Handle } | undefined;
  for (let i = qs.length - 1; i >= 0; i--) {
    const [seenKeys, seenValues] = [keys, values].map((all) => ops.firstRows(all, ends[i]));
    const p = probabilities(ops, qs[i], seenKeys, queriesPerKey, segments);
    const fresh = { values: ops.batchProduct(p, doutputs[i], { a: true }) };
    const dp = ops.batchProduct(doutputs[i], seenValues, { b: true });
    const ds = ops.causalSoftmaxGrad(p, dp, doutputs[i], outputs[i], queriesPerKey);
    ops.free(p, dp, doutputs[i]);
    dqs.unshift(ops.batchProduct(ds, seenKeys));
    const freshKeys = ops.batchProduct(ds, qs[i], { a: true });
    ops.free(ds);
    if (i < qs.length - 1) ops.free(seenKeys, seenValues);
    if (!sums) {
      sums = { keys: freshKeys, values: fresh.values };
      continue;
    }
    ops.addToFirst(sums.keys, freshKeys);
    ops.addToFirst(sums.values, fresh.values);
    ops.free(freshKeys, fresh.values);
  }
  return { qs: dqs, ...sums! };
}

/** Number of keys that the last query of each block sees. */
function seenBy(qs: readonly Handle[], queriesPerKey: number): number[] {
  let end = 0;
  return qs.map(({ shape }) => {
    end += shape[1] / queriesPerKey;
    return end;
  });
}

function probabilities(
  ops: FusedOps,
  q: Handle,
  keys: Handle,
  queriesPerKey: number,
  segments?: Handle,
): Handle {
  const scores = ops.batchProduct(q, keys, { b: true });
  const p = ops.causalSoftmax(scores, queriesPerKey, segments);
  ops.free(scores);
  return p;
}
