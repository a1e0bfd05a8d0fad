/** The parameters of a VQ model by the names of diffusers, as its layers want them. */
import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

export interface VqParameters {
  /** @returns [length] */
  vector(name: string, length: number): Tensor1D;
  /** A linear layer. @returns [inputs, outputs] */
  linear(name: string, inputs: number, outputs: number): Tensor2D;
  /** A kernel as tfjs has it. @returns [side, side, inputs, outputs] */
  kernel(name: string, side: number, inputs: number, outputs: number): Tensor4D;
}
