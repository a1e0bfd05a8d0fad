/** y = x Wᵀ: a layer without bias. */
import type { Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../backend/choose.ts';
import { differentiable } from './differentiable.ts';
import { matMul } from './mat-mul.ts';

/**
 * @param x [rows, in]
 * @param weight [out, in], as Hugging Face and PyTorch store it
 * @returns [rows, out]
 */
export function linear(backend: Backend, x: Tensor2D, weight: Tensor2D): Tensor2D {
  return differentiable(
    backend,
    [x, weight],
    () => ({ value: matMul(backend, x, weight, { b: true }), saved: [x, weight] }),
    (dy, [x, weight]) => [
      matMul(backend, dy, weight as Tensor2D), // dx = dy W
      matMul(backend, dy, x as Tensor2D, { a: true }), // dW = dyᵀ x
    ],
  );
}
