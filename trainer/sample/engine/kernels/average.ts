/**
 * The attention result over some positions: an average of their values to which others can be
 * added.
 */
import {
  type Code,
  type FunctionSpec,
  f32x4,
  I32,
  i32,
  V128,
  v128,
  whileLoop,
} from '../../../../wasm/assembler.ts';
import { exponential } from './exponential.ts';

const FLOAT = 4;
/** Below every score. */
export const LOWEST = -1e30;

/**
 * Layout of an average in memory: the highest score, in four lanes; the sum of all e^(score -
 * highest), also in four lanes; and the sum of the values with those weights.
 */
export const HIGHEST = 0;
export const SUM = 16;
export const VALUES = 32;

/** Size of an average in bytes. */
export function averageBytes(size: number): number {
  return VALUES + size * FLOAT;
}

/** The average over no position. */
export function writeEmptyAverage(floats: Float32Array, address: number, size: number): void {
  const at = address / FLOAT;
  floats.fill(0, at, at + averageBytes(size) / FLOAT);
  floats.fill(LOWEST, at + HIGHEST / FLOAT, at + SUM / FLOAT);
}

/** Offsets of the vectors of an average's values. */
export function columnsOf(size: number): number[] {
  return Array.from({ length: size / 4 }, (_, i) => VALUES + 16 * i);
}

/**
 * y = the average over all positions, from averages over parts of them. Parameters: averages, stride
 * (bytes from one to the next), count, y.
 */
export function combineAverages(size: number): FunctionSpec {
  return {
    name: 'combineAverages',
    params: [I32, I32, I32, I32],
    body(scope, averages, stride, count, y) {
      const [at, end] = [scope.local(I32), scope.local(I32)];
      const [highest, sum, factor] = [scope.local(V128), scope.local(V128), scope.local(V128)];
      const each = (body: Code): Code => [
        at.set(averages.get),
        whileLoop(i32.ltU(at.get, end.get), [body, at.set(i32.add(at.get, stride.get))]),
      ];
      const columns = columnsOf(size);
      const to = (column: number) => column - VALUES;
      return [
        end.set(i32.add(averages.get, i32.mul(stride.get, count.get))),
        highest.set(f32x4.const(LOWEST)),
        each(highest.set(f32x4.max(highest.get, v128.load(at.get, HIGHEST)))),
        sum.set(f32x4.const(0)),
        columns.map((column) => v128.store(y.get, f32x4.const(0), to(column))),
        each([
          factor.set(exponential(scope, f32x4.sub(v128.load(at.get, HIGHEST), highest.get))),
          sum.set(f32x4.add(sum.get, f32x4.mul(v128.load(at.get, SUM), factor.get))),
          columns.map((column) => {
            const part = f32x4.mul(v128.load(at.get, column), factor.get);
            return v128.store(y.get, f32x4.add(v128.load(y.get, to(column)), part), to(column));
          }),
        ]),
        columns.map((column) => {
          const total = v128.load(y.get, to(column));
          return v128.store(y.get, f32x4.div(total, sum.get), to(column));
        }),
      ];
    },
  };
}
