/**
 * Matrix products as each backend likes them. tfjs's WebAssembly kernel is fast (26 GFLOP/s
 * against 2) only for one untransposed product of two matrices, so there the transposes
 * are made explicitly and a batch is a loop.
 */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';

export interface Transposes {
  a?: boolean;
  b?: boolean;
}

/** [m, k] x [k, n] -> [m, n], each factor transposed first where it says so. */
export function matMul(
  { tf, name }: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  if (name === 'native') return tf.matMul(a, b, transpose.a ?? false, transpose.b ?? false);
  return tf.tidy(() =>
    tf.matMul(transpose.a ? tf.transpose(a) : a, transpose.b ? tf.transpose(b) : b),
  );
}

/** [batch, m, k] x [batch, k, n] -> [batch, m, n]. */
export function batchMatMul(
  backend: Backend,
  a: Tensor3D,
  b: Tensor3D,
  transpose: Transposes = {},
): Tensor3D {
  const { tf, name } = backend;
  if (name === 'native') return tf.matMul(a, b, transpose.a ?? false, transpose.b ?? false);
  return tf.tidy(() => {
    const products = Array.from({ length: a.shape[0] }, (_, i) =>
      tf.tidy(() => matMul(backend, matrixOf(backend, a, i), matrixOf(backend, b, i), transpose)),
    );
    return tf.stack(products) as Tensor3D;
  });
}

/** tfjs's WebAssembly backend can read a part of a tensor; its declared type does not say so. */
interface HeapReader {
  readSync(data: object, start: number, end: number): Float32Array;
}

/**
 * Matrix i of a batch, read from the heap and written back: tfjs's own slice, split and unstack
 * copy the whole tensor out of the heap for each piece, and its gather takes 10 ns a number.
 */
function matrixOf({ tf }: Backend, x: Tensor3D, i: number): Tensor2D {
  const [, rows, columns] = x.shape;
  const size = rows * columns;
  const heap = tf.backend() as unknown as HeapReader;
  const values = heap.readSync(x.dataId, i * size, (i + 1) * size);
  return tf.tensor2d(values, [rows, columns]);
}
