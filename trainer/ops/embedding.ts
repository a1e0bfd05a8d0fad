/** Looks up rows of a table by token id. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable, floatType, intType } from './differentiable.ts';
import { matMul } from './mat-mul.ts';

/**
 * @param weight [vocabulary, size]
 * @param ids int32 [rows], each below the vocabulary size
 * @returns [rows, size]
 */
export function embedding(backend: Backend, weight: Tensor2D, ids: Tensor1D): Tensor2D {
  const [vocabulary] = weight.shape;
  return differentiable<Tensor2D>(
    backend,
    [weight],
    () => ({ value: backend.tf.gather(weight, ids), saved: [ids] }),
    (dy, [ids]) => [sumRowsById(backend, dy, ids as Tensor1D, vocabulary)],
  );
}

/** Row v of the result is the sum of the rows of `dy` with id v. */
export function sumRowsById(
  backend: Backend,
  dy: Tensor2D,
  ids: Tensor1D,
  vocabulary: number,
): Tensor2D {
  const { native, tf } = backend;
  if (!native) return plainSumRowsById(backend, dy, ids, vocabulary);
  return tf.tidy(() => {
    const types = [floatType(native), intType(native, 'Tindices'), intType(native, 'Tnumsegments')];
    const inputs = [dy, ids, tf.scalar(vocabulary, 'int32')];
    return native.run('UnsortedSegmentSum', types, inputs, 1)[0] as Tensor2D;
  });
}

/** One-hot columns times `dy`, because tfjs's WebAssembly backend has no scatter-add. */
export function plainSumRowsById(
  backend: Backend,
  dy: Tensor2D,
  ids: Tensor1D,
  vocabulary: number,
): Tensor2D {
  const { tf } = backend;
  return tf.tidy(() => {
    // Cast, because the WebAssembly kernel always fills in integers, whatever type is requested.
    const oneHot = tf.cast(tf.oneHot(ids, vocabulary), 'float32') as Tensor2D; // [rows, vocabulary]
    return matMul(backend, oneHot, dy, { a: true });
  });
}
