/**
 * Matrix products as each backend likes them. tfjs's WebAssembly kernel is fast (26 GFLOP/s
 * against 2) only for one untransposed product of two matrices, so there the transposes
 * are made explicitly and a batch is a loop.
 */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import { productOfBatches, transposed } from './heap.ts';

export interface Transposes {
  a?: boolean;
  b?: boolean;
}

/** [m, k] x [k, n] -> [m, n], each factor transposed first where it says so. */
export function matMul(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  const { tf, name } = backend;
  if (name === 'native') return tf.matMul(a, b, transpose.a ?? false, transpose.b ?? false);
  return tf.tidy(() =>
    tf.matMul(transpose.a ? transposed(backend, a) : a, transpose.b ? transposed(backend, b) : b),
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
  return productOfBatches(backend, a, b, transpose);
}
