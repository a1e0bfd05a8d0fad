/** The backend that needs nothing but npm: tfjs's WebAssembly kernels with SIMD, on one thread. */
import { createRequire } from 'node:module';
import { CodecLmError } from '../../base/error.ts';
import type { Tfjs } from './native.ts';

const require = createRequire(import.meta.url);

export interface WasmBackend {
  tf: Tfjs;
  simd: boolean;
}

/** @throws CodecLmError BACKEND_UNAVAILABLE */
export async function loadWasm(): Promise<WasmBackend> {
  const tf: Tfjs = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', 'the WebAssembly backend did not start', {
      hint: 'run `npm ci` again; `npm run doctor` shows what was found',
    });
  }
  return { tf, simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT').then(Boolean) };
}
