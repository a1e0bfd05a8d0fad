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
    const left = tf.unstack(a) as Tensor2D[];
    const right = tf.unstack(b) as Tensor2D[];
    return tf.stack(
      left.map((matrix, i) => matMul(backend, matrix, right[i], transpose)),
    ) as Tensor3D;
  });
}
