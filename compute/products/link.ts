/** Links the compiled products to a WebAssembly memory, so that they stand in for its kernels. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import { loadOptional } from '../../base/optional.ts';
import type { WeightsType } from '../../schemas/sample.ts';

/** Parameters as those of `matMulKernel` in wasm/mat-mul.ts, of which the last is not needed. */
type Product = (...args: number[]) => void;

export interface Products {
  matMul: Product;
  matMulAdd: Product;
}

type Koffi = typeof import('koffi');
type Bound = (...args: unknown[]) => unknown;

const PARAMETERS = 7;

/**
 * @param path of the library
 * @param memory shared, and never grown
 */
export function linkProducts(
  path: string,
  memory: WebAssembly.Memory,
  weights: WeightsType,
): Products {
  const koffi = loadOptional<Koffi>('koffi', 'compiled products');
  const library = open(koffi, path);
  const base = addressOf(koffi, memory);
  const types = ['uintptr_t', ...new Array(PARAMETERS).fill('uint32')];
  const product = (name: string): Product => {
    const bound = library.func(name, 'void', types) as unknown as Bound;
    return (x, rows, inputs, panels, count, y, yStride) => {
      bound(base, x, rows, inputs, panels, count, y, yStride);
    };
  };
  return { matMul: product(`${weights}MatMul`), matMulAdd: product(`${weights}MatMulAdd`) };
}

/** Whether this processor has the instructions that the library is made of. */
export function isSupported(path: string): boolean {
  const koffi = loadOptional<Koffi>('koffi', 'compiled products');
  return (open(koffi, path).func('isSupported', 'int32', [])() as number) !== 0;
}

function open(koffi: Koffi, path: string): ReturnType<Koffi['load']> {
  try {
    return koffi.load(path);
  } catch (error) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `loading ${path}: ${messageOf(error)}`, {
      ...{ cause: error, path },
      hint: 'delete it and run `npx codec-lm setup` again',
    });
  }
}

/** memmove gives back the address of what it moves to; here it moves nothing. */
function addressOf(koffi: Koffi, memory: WebAssembly.Memory): number {
  const memmove = koffi.load(null).func('memmove', 'uintptr_t', ['void *', 'void *', 'size_t']);
  const first = new Uint8Array(memory.buffer, 0, 1);
  return memmove(first, first, 0) as number;
}
