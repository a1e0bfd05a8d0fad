/**
 * Helpers that the tests of ops share: random tensors, gradients of a random projection,
 * differences.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { type Backend, chooseBackend } from '../../compute/choose.ts';

export const backend: Backend = await chooseBackend();

/** Normal numbers; the same seed gives the same on every backend. */
export function random<T extends Tensor>(shape: number[], seed: number): T {
  return backend.tf.tensor(numbers(shape, seed), shape) as T;
}

/** Output and the gradients of sum(output * random) with respect to all inputs. */
export function outputAndGradients<T extends Tensor>(
  op: (...inputs: T[]) => Tensor,
  inputs: T[],
): Float32Array[] {
  const { tf } = backend;
  const output = op(...inputs);
  const weights = random(output.shape, 99);
  const gradients = tf.grads((...args) => tf.sum(tf.mul(op(...(args as T[])), weights)))(inputs);
  return [output, ...gradients].map((tensor) => tensor.dataSync<'float32'>());
}

/** Largest difference, relative to the largest value where that is above 1. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let largest = 1;
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
    if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) return Number.POSITIVE_INFINITY;
  }
  return worst / largest;
}

export function worstDifference(a: Float32Array[], b: Float32Array[]): number {
  return Math.max(...a.map((values, i) => difference(values, b[i])));
}

function numbers(shape: number[], seed: number): Float32Array {
  let state = (seed + 1) * 0x9e3779b1;
  const uniform = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = uniform() + uniform() + uniform() - 1.5;
  return data;
}
