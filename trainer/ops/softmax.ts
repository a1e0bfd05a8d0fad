/** Softmax over the last axis, without a gradient: for ops that have their own gradient. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { hasOneDnn, runOneDnn } from './one-dnn.ts';

export function softmax<T extends Tensor>(backend: Backend, x: T): T {
  if (hasOneDnn(backend, 'softmax')) return runOneDnn(backend.native!, 'softmax', x);
  return backend.tf.softmax(x);
}
