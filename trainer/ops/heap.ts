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

/** Matrix i of a batch [batch, rows, columns], transposed where wanted. */
export function matrixOf(
  backend: Backend,
  x: Tensor2D | Tensor3D,
  i: number,
  transpose = false,
): Tensor2D {
  const [rows, columns] = x.shape.slice(-2);
  const start = i * rows * columns;
  const shape = transpose ? [columns, rows] : [rows, columns];
  return make(backend, shape, x, (target, source) => {
    const matrix = source.subarray(start, start + rows * columns);
    if (transpose) transposeInto(target, matrix, rows, columns);
    else target.set(matrix);
  });
}

/** A batch of `count` matrices, made one after the other; each is disposed. */
export function stackOf(
  backend: Backend,
  count: number,
  shape: [number, number],
  matrix: (i: number) => Tensor2D,
): Tensor3D {
  const heap = backend.tf.backend() as unknown as Heap;
  const made = heap.makeOutput([count, ...shape], 'float32');
  for (let i = 0; i < count; i++) {
    const piece = matrix(i);
    heap.typedArrayFromHeap(made).set(heap.typedArrayFromHeap(piece), i * piece.size);
    piece.dispose();
  }
  return backend.tf.engine().makeTensorFromTensorInfo(made) as Tensor3D;
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
