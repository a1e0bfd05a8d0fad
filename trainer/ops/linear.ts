/** y = x Wᵀ: a layer without bias. */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import { bf16MatMul, bf16Products } from './bf16.ts';
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
  const isBf16 = precision === 'bf16';
  const multiply = isBf16 ? bf16MatMul : matMul;
  return differentiable(
    backend,
    [x, weight],
    () => ({ value: multiply(backend, x, weight, { b: true }), saved: [x, weight] }),
    (dy, saved) => {
      const [x, weight] = saved as Tensor2D[];
      const dx = { a: dy, b: weight }; // dy W
      const dWeight = { a: dy, b: x, transpose: { a: true } }; // dyᵀ x
      if (isBf16) return bf16Products(backend, [dx, dWeight]);
      return [matMul(backend, dy, weight), matMul(backend, dy, x, dWeight.transpose)];
    },
  );
}
