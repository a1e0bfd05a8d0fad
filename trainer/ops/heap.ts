/**
 * Parts of tensors on the WebAssembly backend, copied by JavaScript within its heap. tfjs's own slice,
 * split, stack and unstack copy the whole tensor for each piece, and its transpose and gather take
 * 10 ns a number; here a number takes one or two, and the garbage collector sees none of them.
 */
import type { Tensor, Tensor2D, Tensor3D, TensorInfo } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';

/** Numbers of a side: rows of source and target then stay in the first cache. */
const TILE = 16;

/** What tfjs's WebAssembly backend can do beside what the type of all backends says. */
interface Heap {
  /** Memory for a tensor, with anything in it. */
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  /** A view that the next allocation may end. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
  disposeData(dataId: object): boolean;
}

/** A new tensor that `fill` writes, from the values of another. */
function make<T extends Tensor>(
  { tf }: Backend,
  shape: number[],
  source: TensorInfo,
  fill: (target: Float32Array, source: Float32Array) => void,
): T {
  const heap = tf.backend() as unknown as Heap;
  const made = heap.makeOutput(shape, 'float32');
  fill(heap.typedArrayFromHeap(made), heap.typedArrayFromHeap(source));
  return tf.engine().makeTensorFromTensorInfo(made) as T;
}

/** [rows, columns] -> [columns, rows] */
export function transposed(backend: Backend, x: Tensor2D): Tensor2D {
  const [rows, columns] = x.shape;
  return make(backend, [columns, rows], x, (target, source) =>
    transposeInto(target, source, rows, columns),
  );
}

/**
 * [batch, m, k] x [batch, k, n] -> [batch, m, n], each factor transposed first where it says so: a
 * product of two matrices after the other, by the kernel itself. What tfjs does around a kernel
 * takes as long as a small product.
 */
export function productOfBatches(
  { tf }: Backend,
  a: Tensor3D,
  b: Tensor3D,
  transpose: { a?: boolean; b?: boolean },
): Tensor3D {
  const heap = tf.backend() as unknown as Heap;
  const { kernelFunc } = tf.getKernel('BatchMatMul', 'wasm');
  const attrs = { transposeA: false, transposeB: false };
  const take = (x: Tensor3D, i: number, isTransposed = false) => {
    const [, rows, columns] = x.shape;
    const made = heap.makeOutput(isTransposed ? [columns, rows] : [rows, columns], 'float32');
    const target = heap.typedArrayFromHeap(made);
    const start = i * target.length;
    const matrix = heap.typedArrayFromHeap(x).subarray(start, start + target.length);
    if (isTransposed) transposeInto(target, matrix, rows, columns);
    else target.set(matrix);
    return made;
  };
  const [batch] = a.shape;
  const shape = [batch, a.shape[transpose.a ? 2 : 1], b.shape[transpose.b ? 1 : 2]];
  const all = heap.makeOutput(shape, 'float32');
  for (let i = 0; i < batch; i++) {
    const inputs = { a: take(a, i, transpose.a), b: take(b, i, transpose.b) };
    const product = kernelFunc({ inputs, attrs, backend: heap }) as TensorInfo;
    const values = heap.typedArrayFromHeap(product);
    heap.typedArrayFromHeap(all).set(values, i * values.length);
    for (const { dataId } of [inputs.a, inputs.b, product]) heap.disposeData(dataId);
  }
  return tf.engine().makeTensorFromTensorInfo(all) as Tensor3D;
}

/** Rows start..end of the last axis but one, of a tensor of any rank above it. */
export function rowsOf<T extends Tensor>(backend: Backend, x: T, start: number, end: number): T {
  const [rows, columns] = x.shape.slice(-2);
  const outer = x.shape.slice(0, -2);
  const length = (end - start) * columns;
  return make(backend, [...outer, end - start, columns], x, (target, source) => {
    for (let from = start * columns, to = 0; to < target.length; from += rows * columns) {
      target.set(source.subarray(from, from + length), to);
      to += length;
    }
  });
}

/** [rows, columns] -> [columns, rows] */
function transposeInto(
  target: Float32Array,
  source: Float32Array,
  rows: number,
  columns: number,
): void {
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let column = left; column < right; column++) {
        const to = column * rows;
        for (let row = top; row < bottom; row++) target[to + row] = source[row * columns + column];
      }
    }
  }
}
