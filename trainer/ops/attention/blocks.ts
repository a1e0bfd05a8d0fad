/** Cuts the tensors of attention into blocks of queries, and joins blocks again. */
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { sliceRows } from '../wasm/heap.ts';
import type { Range } from './causal-blocks.ts';

export interface Shape {
  batch: number;
  /** batch * kvHeads: the batch dimension of the products. */
  groups: number;
  queriesPerKey: number;
  time: number;
  size: number;
}

/**
 * A tensor with a row per query or key, by group: [groups, time, ·], or [groups, queriesPerKey,
 * time, ·] if several query heads share a key head.
 */
export type Grouped = Tensor3D | Tensor4D;

/** Groups a tensor [batch, heads, time, ·]. */
export function grouped({ tf }: Backend, shape: Shape, x: Tensor4D): Grouped {
  const { groups, queriesPerKey, time } = shape;
  const folded = queriesPerKey === 1 ? [groups] : [groups, queriesPerKey];
  return tf.reshape(x, [...folded, time, x.shape[3]] as Tensor4D['shape']) as Grouped;
}

/** Rows of a block with the heads that share a key head folded in: [groups, queriesPerKey * rows, ·]. */
export function queries(
  backend: Backend,
  shape: Shape,
  x: Grouped,
  { start, end }: Range,
): Tensor3D {
  const { tf, native } = backend;
  const leading = x.shape.slice(0, -2);
  const begin = [...leading.map(() => 0), start, 0];
  const length = [...leading, end - start, -1];
  const rows = native ? (tf.slice(x, begin, length) as Grouped) : sliceRows(backend, x, start, end);
  if (rows.rank === 3) return rows as Tensor3D;
  return tf.reshape(rows, [shape.groups, shape.queriesPerKey * (end - start), x.shape[3]!]);
}

/** The keys or values that a block sees, [groups, end, size]. */
export function keys(backend: Backend, x: Tensor3D, { end }: Range): Tensor3D {
  if (end === x.shape[1]) return x;
  if (backend.native) return backend.tf.slice(x, [0, 0, 0], [-1, end, -1]);
  return sliceRows(backend, x, 0, end);
}

/** The rows before `at`, and the rows from `at` on. */
export function splitRows(backend: Backend, x: Tensor3D, at: number): Tensor3D[] {
  const rows = x.shape[1];
  if (backend.native) return backend.tf.split(x, [at, rows - at], 1) as Tensor3D[];
  return [sliceRows(backend, x, 0, at), sliceRows(backend, x, at, rows)];
}

/** [groups, queriesPerKey * rows, size] -> the grouped form */
export function unfold({ tf }: Backend, shape: Shape, x: Tensor3D): Grouped {
  if (shape.queriesPerKey === 1) return x;
  return tf.reshape(x, [shape.groups, shape.queriesPerKey, -1, shape.size]) as Tensor4D;
}

export function joinTime<T extends Grouped>({ tf }: Backend, blocks: T[]): T {
  if (blocks.length === 1) return blocks[0];
  return tf.concat(blocks as Tensor3D[], blocks[0].rank - 2) as T;
}
