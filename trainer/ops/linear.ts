/** y = x Wᵀ: a layer without bias. */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import { bf16MatMul } from './bf16.ts';
import { differentiable } from './differentiable.ts';
import { matMul } from './mat-mul.ts';

/** Of the factors of a matrix product; sums, weights and everything else are fp32. */
export type Precision = 'fp32' | 'bf16';

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
  const multiply = precision === 'bf16' ? bf16MatMul : matMul;
  return differentiable(
    backend,
    [x, weight],
    () => ({ value: multiply(backend, x, weight, { b: true }), saved: [x, weight] }),
    (dy, [x, weight]) => [
      multiply(backend, dy, weight as Tensor2D), // dx = dy W
      multiply(backend, dy, x as Tensor2D, { a: true }), // dW = dyᵀ x
    ],
  );
}
