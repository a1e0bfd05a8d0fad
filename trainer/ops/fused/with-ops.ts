/** Runs a fused function on the backend's own kernels. */
import type { Tensor } from '@tensorflow/tfjs';
import { CodecLmError } from '../../../base/error.ts';
import type { Backend } from '../../../compute/choose.ts';
import type { Precision } from '../linear.ts';
import { FusedOps } from './fused-ops.ts';

const nothings = new WeakMap<object, { float: Tensor; int: Tensor }>();

/** Calls `work` with ops whose results are freed at its end, unless it takes them. */
export function withOps<Result>(
  backend: Backend,
  precision: Precision,
  work: (ops: FusedOps) => Result,
): Result {
  const { native } = backend;
  if (!native || !backend.hasKernels) {
    throw new CodecLmError('INTERNAL', 'this backend has no kernels for fused functions');
  }
  const ops = new FusedOps(native, precision, nothingOf(backend));
  try {
    return work(ops);
  } finally {
    ops.close();
  }
}

/** Tensors without numbers, which live as long as the backend. */
function nothingOf({ tf, native }: Backend): { float: Tensor; int: Tensor } {
  const known = nothings.get(native!);
  if (known) return known;
  const made = {
    float: tf.keep(tf.tensor2d([], [0, 0])),
    int: tf.keep(tf.tensor2d([], [0, 0], 'int32')),
  };
  nothings.set(native!, made);
  return made;
}
