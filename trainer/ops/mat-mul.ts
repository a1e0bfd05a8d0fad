/**
 * Matrix products in the fastest form of each backend. tfjs's WebAssembly kernel is fast only for
 * one untransposed product of two matrices, so that backend uses our own kernels.
 */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { fitsHeapKernels, productInHeap, type Transposes } from './wasm/heap-product.ts';

/** [m, k] x [k, n] -> [m, n]; each factor is first transposed if requested. */
export function matMul(
  backend: Backend,
  a: Tensor2D,
  b: Tensor2D,
  transpose: Transposes = {},
): Tensor2D {
  const { tf, name } = backend;
  if (name === 'native' || !fitsHeapKernels(a, b, transpose)) {
    return tf.matMul(a, b, transpose.a ?? false, transpose.b ?? false);
  }
  return tf.tidy(() => {
    const product = productInHeap(backend, tf.expandDims(a), tf.expandDims(b), transpose);
    return tf.squeeze(product, [0]) as Tensor2D;
  });
}

/** [batch, m, k] x [batch, k, n] -> [batch, m, n]. */
export function batchMatMul(
  backend: Backend,
  a: Tensor3D,
  b: Tensor3D,
  transpose: Transposes = {},
): Tensor3D {
  const { tf, name } = backend;
  if (name === 'native' || !fitsHeapKernels(a, b, transpose)) {
    return tf.matMul(a, b, transpose.a ?? false, transpose.b ?? false);
  }
  return productInHeap(backend, a, b, transpose);
}
