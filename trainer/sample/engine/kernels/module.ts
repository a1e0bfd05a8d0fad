/** All kernels of a model as one WebAssembly module. */
import { instantiate, PAGE_BYTES } from '../../../../wasm/instantiate.ts';
import { matMulKernel, rowTilesKernel } from '../../../../wasm/mat-mul.ts';
import { attendPage } from './attention.ts';
import { combineAverages } from './average.ts';
import { rmsNormKernel, swigluKernel } from './exponential.ts';
import { ropeKernel } from './rope.ts';

type Kernel = (...args: number[]) => void;

/** The parameters are described at each kernel. */
export interface EngineKernels {
  packRows: Kernel;
  matMul: Kernel;
  matMulAdd: Kernel;
  rmsNorm: Kernel;
  swiglu: Kernel;
  rope: Kernel;
  attendPage: Kernel;
  combineAverages: Kernel;
}

export function newMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** @param headSize a multiple of 4 */
export function compileKernels(memory: WebAssembly.Memory, headSize: number): EngineKernels {
  const functions = [
    rowTilesKernel,
    matMulKernel('matMul', false),
    matMulKernel('matMulAdd', true),
    rmsNormKernel,
    swigluKernel,
    ropeKernel(headSize),
    attendPage(headSize),
    combineAverages(headSize),
  ];
  return instantiate<EngineKernels>(functions, memory);
}
