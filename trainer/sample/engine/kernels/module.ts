/** All kernels of a model as one WebAssembly module. */

import { CodecLmError, messageOf } from '../../../../base/error.ts';
import type { CacheType, WeightsType } from '../../../../schemas/sample.ts';
import { compileWithByteDot } from '../../../../wasm/byte-dot.ts';
import { PAGE_BYTES } from '../../../../wasm/instantiate.ts';
import { MATRIX_FORMATS } from '../weights-type.ts';
import { combineAverages } from './average.ts';
import { CACHE_FORMATS } from './cache-format.ts';
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
  /** Only among compiled kernels: `attendPage` for a group of pages; see compute/compiled/link.ts. */
  attendGroup?: Kernel;
  storeKey: Kernel;
  storeValue: Kernel;
  /** Only where the format of the cache has it. */
  roundQueries?: Kernel;
  combineAverages: Kernel;
}

/** @throws CodecLmError `MEMORY_LIMIT` where the system gives no such memory */
export function newMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    const mib = Math.ceil(bytes / 2 ** 20);
    throw new CodecLmError(
      'MEMORY_LIMIT',
      `the system gives no memory of ${mib} MiB: ${messageOf(error)}`,
      {
        cause: error,
        hint: 'draw fewer samples at once (--batch), or shorter ones (--max-tokens)',
      },
    );
  }
}

/** Pages of the largest memory. */
const MOST_PAGES = 2 ** 16;

/**
 * Compiled once: all threads link the same module to their memories, and V8 optimizes it once.
 * @param headSize a multiple of 4
 * @param weights format of the matrices
 * @param cache format of keys and values
 */
export function compileKernels(
  headSize: number,
  weights: WeightsType,
  cache: CacheType,
): WebAssembly.Module {
  const functions = [
    ...MATRIX_FORMATS[weights].kernels(),
    rmsNormKernel,
    swigluKernel,
    ropeKernel(headSize),
    ...CACHE_FORMATS[cache].kernels(headSize),
    combineAverages(headSize),
  ];
  return compileWithByteDot(functions, { maxPages: MOST_PAGES, shared: true });
}
