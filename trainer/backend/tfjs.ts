/** tfjs, loaded when a model is: it is most of what this package weighs, and shards need none of it. */
import { loadOptional } from '../../base/optional.ts';

export type Tfjs = typeof import('@tensorflow/tfjs');

/** @throws CodecLmError `TOOL_MISSING` */
export function loadTfjs(): Tfjs {
  return loadOptional<Tfjs>('@tensorflow/tfjs', 'models');
}

/** Registers the WebAssembly kernels. @throws CodecLmError `TOOL_MISSING` */
export function loadWasmKernels(): void {
  loadOptional('@tensorflow/tfjs-backend-wasm', 'the WebAssembly backend');
}
