/**
 * Loads tfjs when a model is loaded: it is most of the size of this package's dependencies, and
 * shards do not need it.
 */
import { loadOptional } from '../base/optional.ts';

export type Tfjs = typeof import('@tensorflow/tfjs');

/** @throws CodecLmError `TOOL_MISSING` */
export function loadTfjs(): Tfjs {
  return loadOptional<Tfjs>('@tensorflow/tfjs', 'models');
}

/** Registers the WebAssembly kernels. @throws CodecLmError `TOOL_MISSING` */
export function loadWasmKernels(): void {
  loadOptional('@tensorflow/tfjs-backend-wasm', 'the WebAssembly backend');
}
