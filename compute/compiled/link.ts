/** Links the compiled kernels to a WebAssembly memory, so that they stand in for those in WebAssembly. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import { loadOptional } from '../../base/optional.ts';
import type { CacheType, WeightsType } from '../../schemas/sample.ts';
import { addressOf, type Koffi } from './address.ts';

type Kernel = (...args: number[]) => void;

export interface CompiledKernels {
  /** Parameters as those of `matMulKernel` in wasm/mat-mul.ts, of which the last is not needed. */
  matMul: Kernel;
  matMulAdd: Kernel;
  /**
   * Attention of rows of one sequence over a group of pages, by `attendPage` for each page, head and row.
   * Parameters: q (of the first row), qStride, table (of pages), pages (of the layer), headBytes, fromPage, toPage,
   * fromHead, toHead (of keys), queries of a key, rows, position (of the first row), averages (of the first row),
   * averageStride, the empty average, size of a head, scale.
   */
  attendGroup?: Kernel;
}

/** The formats and sizes by which kernels differ. */
export interface KernelTraits {
  weights: WeightsType;
  cache: CacheType;
  headSize: number;
}

type Bound = (...args: unknown[]) => void;

const A = 'uintptr_t';
const PRODUCT = [A, ...new Array(7).fill('uint32')];
const ATTENTION = [A, ...new Array(16).fill('uint32'), 'float'];
/** Heads are read in vectors of so many numbers. */
const LANES = 16;

/**
 * @param path of the library
 * @param memory shared, and never grown
 */
export function linkCompiled(
  path: string,
  memory: WebAssembly.Memory,
  { weights, cache, headSize }: KernelTraits,
): CompiledKernels {
  const koffi = loadOptional<Koffi>('koffi', 'compiled kernels');
  const library = open(koffi, path);
  const base = addressOf(koffi, memory);
  const bind = (name: string, types: string[]) =>
    library.func(name, 'void', types) as unknown as Bound;
  const product = (name: string): Kernel => {
    const bound = bind(name, PRODUCT);
    return (x, rows, inputs, panels, count, y, yStride) => {
      bound(base, x, rows, inputs, panels, count, y, yStride);
    };
  };
  const products = {
    matMul: product(`${weights}MatMul`),
    matMulAdd: product(`${weights}MatMulAdd`),
  };
  if (headSize % LANES !== 0) return products;
  const attend = bind(`${cache}Attend`, ATTENTION);
  return { ...products, attendGroup: (...args) => attend(base, ...args) };
}

/** Whether this processor has the instructions that the library is made of. */
export function isSupported(path: string): boolean {
  const koffi = loadOptional<Koffi>('koffi', 'compiled kernels');
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
