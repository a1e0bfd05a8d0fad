/** Number formats of keys and values in the cache: how large they are, and the kernels that use them. */
import type { CacheType } from '../../../../schemas/sample.ts';
import type { FunctionSpec } from '../../../../wasm/assembler.ts';
import { attendPage } from './attention.ts';
import { BF16_NUMBERS, FP32_NUMBERS, type NumberFormat, storeKernels } from './float-cache.ts';
import { attendInt8Page } from './int8-attention.ts';
import { int8PageBytes, int8StoreKernels } from './int8-cache.ts';
import { CACHE_PAGE } from './pages.ts';

export interface CacheFormat {
  /** Bytes of the keys and values of one head in a page. */
  pageBytes(headSize: number): number;
  /** The size of a head is a multiple of this, and at most `largest`. */
  multiple: number;
  largest: number;
  /**
   * `attendPage`, `storeKey`, `storeValue`; and `roundQueries`, if queries are rounded before they are
   * multiplied.
   */
  kernels(headSize: number): FunctionSpec[];
}

export const CACHE_FORMATS: Readonly<Record<CacheType, CacheFormat>> = {
  fp32: floatingPoint(FP32_NUMBERS),
  bf16: floatingPoint(BF16_NUMBERS),
  int8: {
    pageBytes: int8PageBytes,
    // Sums of larger heads might not fit into 32 bits.
    ...{ multiple: 16, largest: 512 },
    kernels: (headSize) => [attendInt8Page(headSize), ...int8StoreKernels(headSize)],
  },
};

function floatingPoint(format: NumberFormat): CacheFormat {
  return {
    pageBytes: (headSize) => 2 * CACHE_PAGE * (headSize / 4) * format.vectorBytes,
    ...{ multiple: 4, largest: Number.POSITIVE_INFINITY },
    kernels: (headSize) => [attendPage(headSize, format), ...storeKernels(headSize, format)],
  };
}
