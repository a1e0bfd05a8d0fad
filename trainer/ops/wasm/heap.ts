/**
 * The heap of tfjs's WebAssembly backend, and parts of tensors that JavaScript copies within it. tfjs's
 * own slice, split, stack and unstack copy the whole tensor for each piece, and its transpose and gather
 * take 10 ns a number; here a number takes one or two, and the garbage collector sees none of them.
 */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import type { Backend } from '../../backend/choose.ts';

/** What tfjs's WebAssembly backend can do beside what the type of all backends says. */
export interface Heap {
  wasm: { asm: { memory: WebAssembly.Memory } };
  /** Memory for a tensor, with anything in it. */
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  /** A view that the next allocation may end. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
  /** Address of the values. */
  getMemoryOffset(dataId: object): number;
  disposeData(dataId: object): boolean;
}

export function heapOf({ tf }: Backend): Heap {
  return tf.backend() as unknown as Heap;
}

/** A new tensor that `fill` writes, from the values of another. */
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

/** Rows start..end of the last axis but one, of a tensor of any rank above it. */
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
