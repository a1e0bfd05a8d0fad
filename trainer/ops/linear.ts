/** y = x Wᵀ: a layer without bias. */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { bf16Factor, bf16Product } from './bf16.ts';
import { differentiableAll } from './differentiable.ts';
import { matMul } from './mat-mul.ts';

/** Precision of the factors of a matrix product; sums, weights and everything else are fp32. */
export type Precision = 'fp32' | 'bf16';

/** A matrix is prepared as a factor once, even if it is part of several products. */
const ARITHMETIC = {
  fp32: { factor: (_backend: Backend, x: Tensor2D) => x, product: matMul },
  bf16: { factor: bf16Factor, product: bf16Product },
};

/**
 * @param x [rows, in]
 * @param weight [out, in], as Hugging Face and PyTorch store it
 * @returns [rows, out]
 */
export function linear(
  backend: Backend,
  x: Tensor2D,
  weight: Tensor2D,
  precision: Precision = 'fp32',
): Tensor2D {
  return linears(backend, x, [weight], precision)[0];
}

/**
 * Several layers with the same input. The input is cast and saved once, and its gradients are
 * summed.
 */
export function linears(
  backend: Backend,
  x: Tensor2D,
  weights: Tensor2D[],
  precision: Precision = 'fp32',
): Tensor2D[] {
  const { tf } = backend;
  const { product, ...of } = ARITHMETIC[precision];
  const factor = (matrix: Tensor2D) => of.factor(backend, matrix);
  return differentiableAll(
    backend,
    [x, ...weights],
    () => {
      const input = factor(x);
      const values = weights.map((weight) => product(backend, input, factor(weight), { b: true }));
      return { values, saved: [input, ...weights] };
    },
    (dys, saved) =>
      tf.tidy(() => {
        const [input, ...weights] = saved as Tensor2D[];
        const factors = dys.map(factor);
        const parts = weights.map((weight, i) => product(backend, factors[i], factor(weight))); // dy W
        const dx = parts.length === 1 ? parts[0] : tf.addN(parts);
        return [dx, ...factors.map((dy) => product(backend, dy, input, { a: true }))]; // dyᵀ x
      }),
  );
}
