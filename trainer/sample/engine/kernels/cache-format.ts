/** Number formats of keys and values in the cache. */
import {
  type Code,
  type FunctionSpec,
  forEachOnce,
  I32,
  i32,
  i32x4,
  reading,
  simd,
  V128,
  v128,
} from '../../../../wasm/assembler.ts';
import { bits, i16x8, u32x4 } from '../../../../wasm/integers.ts';

export type CacheType = 'fp32' | 'bf16';

export interface CacheFormat {
  /** Size of a vector of four numbers, in bytes. */
  vectorBytes: number;
  /** Reads four numbers as fp32. */
  load(address: Code, offset?: number): Code;
  /** Stores fp32 numbers. Parameters: from, to, bytes from (a multiple of 16). */
  store: FunctionSpec;
}

const fourHalves = reading(simd(4), 3);
/** The first 8 bytes of a vector. */
const storeHalf = (address: Code, vector: Code): Code => [address, vector, simd(91), 3, 0, 0];

export const CACHE_FORMATS: Readonly<Record<CacheType, CacheFormat>> = {
  fp32: {
    vectorBytes: 16,
    load: v128.load,
    store: storing(16, (to, numbers) => v128.store(to, numbers)),
  },
  bf16: {
    vectorBytes: 8,
    load: (address, offset) => u32x4.shl(fourHalves(address, offset), 16),
    // Rounded to the nearest, ties to even.
    store: storing(8, (to, numbers) => {
      const isOdd = bits.and(u32x4.shrU(numbers, 16), i32x4.const(1));
      const rounded = i32x4.add(i32x4.add(numbers, i32x4.const(0x7fff)), isOdd);
      const halves = u32x4.shrU(rounded, 16);
      return storeHalf(to, i16x8.narrow(halves, halves));
    }),
  },
};

function storing(vectorBytes: number, store: (to: Code, numbers: Code) => Code): FunctionSpec {
  return {
    name: 'storeCached',
    params: [I32, I32, I32],
    body(scope, from, to, bytes) {
      const end = scope.local(I32);
      const numbers = scope.local(V128);
      return [
        end.set(i32.add(from.get, bytes.get)),
        forEachOnce(from, end.get, 16, [
          numbers.set(v128.load(from.get)),
          store(to.get, numbers.get),
          to.set(i32.add(to.get, i32.const(vectorBytes))),
        ]),
      ];
    },
  };
}
