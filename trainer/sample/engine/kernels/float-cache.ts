/**
 * Keys and values as floating-point numbers. A page holds the keys of 64 positions of one head,
 * [64, size], and behind them their values.
 */
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
import { CACHE_PAGE } from './pages.ts';

export interface NumberFormat {
  /** Size of a vector of four numbers, in bytes. */
  vectorBytes: number;
  /** Reads four numbers as fp32. */
  load(address: Code, offset?: number): Code;
  store(address: Code, numbers: Code): Code;
}

const FLOAT = 4;
const fourHalves = reading(simd(4), 3);
/** The first 8 bytes of a vector. */
const storeHalf = (address: Code, vector: Code): Code => [address, vector, simd(91), 3, 0, 0];

export const FP32_NUMBERS: NumberFormat = {
  vectorBytes: 16,
  load: v128.load,
  store: (to, numbers) => v128.store(to, numbers),
};

export const BF16_NUMBERS: NumberFormat = {
  vectorBytes: 8,
  load: (address, offset) => u32x4.shl(fourHalves(address, offset), 16),
  // Rounded to the nearest, ties to even.
  store(to, numbers) {
    const isOdd = bits.and(u32x4.shrU(numbers, 16), i32x4.const(1));
    const rounded = i32x4.add(i32x4.add(numbers, i32x4.const(0x7fff)), isOdd);
    const halves = u32x4.shrU(rounded, 16);
    return storeHalf(to, i16x8.narrow(halves, halves));
  },
};

/**
 * `storeKey` and `storeValue`. Parameters: from (fp32), page of the head, index of the position in
 * it.
 * @param size size of a head, a multiple of 4
 */
export function storeKernels(size: number, { vectorBytes, store }: NumberFormat): FunctionSpec[] {
  const rowBytes = (size / 4) * vectorBytes;
  return [['storeKey', 0] as const, ['storeValue', CACHE_PAGE * rowBytes] as const].map(
    ([name, first]) => ({
      name,
      params: [I32, I32, I32],
      body(scope, from, page, index) {
        const [to, end] = [scope.local(I32), scope.local(I32)];
        const numbers = scope.local(V128);
        const row = i32.add(i32.mul(index.get, i32.const(rowBytes)), i32.const(first));
        return [
          to.set(i32.add(page.get, row)),
          end.set(i32.add(from.get, i32.const(size * FLOAT))),
          forEachOnce(from, end.get, 16, [
            numbers.set(v128.load(from.get)),
            store(to.get, numbers.get),
            to.set(i32.add(to.get, i32.const(vectorBytes))),
          ]),
        ];
      },
    }),
  );
}
