/**
 * The backend that needs only npm packages: tfjs's WebAssembly kernels with SIMD, on one thread.
 */
import { CodecLmError } from '../base/error.ts';
import { loadTfjs, loadWasmKernels, type Tfjs } from './tfjs.ts';

export interface WasmBackend {
  tf: Tfjs;
  simd: boolean;
}

/** @throws CodecLmError BACKEND_UNAVAILABLE */
export async function loadWasm(): Promise<WasmBackend> {
  const tf = loadTfjs();
  loadWasmKernels();
  if (!(await tf.setBackend('wasm'))) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', 'the WebAssembly backend did not start', {
      hint: 'install the packages again; `npx codec-lm doctor` shows what was found',
    });
  }
  return { tf, simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT').then(Boolean) };
}
