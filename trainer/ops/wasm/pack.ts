/**
 * WebAssembly kernels that lay out a factor of a matrix product as `matMul` of wasm/mat-mul.ts
 * reads it: tiles of some rows of the left factor, panels of some columns of the right one, each
 * [inputs, width]. Whether a factor is transposed only decides which of the two kernels packs it.
 */
import {
  type Code,
  type FunctionSpec,
  f32,
  forEach,
  I32,
  i32,
  type Local,
  type Scope,
  shuffle,
  V128,
  v128,
  whileLoop,
} from '../../../wasm/assembler.ts';

const FLOAT = 4;
/** Numbers per vector. */
const LANES = 4;

export type Width = 4 | 8;

/**
 * Packs a matrix [inputs, columns] into tiles of `width` columns. Parameters, in bytes where they
 * are addresses or strides: from, its stride, columns (a multiple of `width`), inputs, to.
 */
export function packColumns(name: string, width: Width): FunctionSpec {
  return {
    name,
    params: [I32, I32, I32, I32, I32],
    body(scope, from, stride, columns, inputs, to) {
      const [at, end, tileEnd] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      return [
        end.set(i32.add(from.get, i32.mul(columns.get, i32.const(FLOAT)))),
        forEach(from, end.get, width * FLOAT, [
          at.set(from.get),
          tileEnd.set(i32.add(to.get, i32.mul(inputs.get, i32.const(width * FLOAT)))),
          forEach(to, tileEnd.get, width * FLOAT, [
            eachVector(width, (offset) => v128.store(to.get, v128.load(at.get, offset), offset)),
            at.set(i32.add(at.get, stride.get)),
          ]),
        ]),
      ];
    },
  };
}

/**
 * Packs a matrix [rows, inputs] into tiles of `width` rows. Parameters, in bytes where they are
 * addresses or strides: from, its stride, rows (a multiple of `width`), inputs, to.
 */
export function packRows(name: string, width: Width): FunctionSpec {
  return {
    name,
    params: [I32, I32, I32, I32, I32],
    body(scope, from, stride, rows, inputs, to) {
      const [row, end, fours] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const at = Array.from({ length: width }, () => scope.local(I32));
      return [
        row.set(i32.const(0)),
        whileLoop(i32.ltU(row.get, rows.get), [
          at.map((one, n) => one.set(n === 0 ? from.get : i32.add(at[n - 1].get, stride.get))),
          from.set(i32.add(at[width - 1].get, stride.get)),
          end.set(i32.add(at[0].get, i32.mul(inputs.get, i32.const(FLOAT)))),
          fours.set(i32.sub(end.get, i32.mul(i32.and(inputs.get, i32.const(3)), i32.const(FLOAT)))),
          whileLoop(i32.ltU(at[0].get, fours.get), [
            eachVector(width, (offset) =>
              turnFour(scope, at.slice(offset / FLOAT, offset / FLOAT + LANES), (vector, n) =>
                v128.store(to.get, vector, n * width * FLOAT + offset),
              ),
            ),
            at.map((one) => one.set(i32.add(one.get, i32.const(LANES * FLOAT)))),
            to.set(i32.add(to.get, i32.const(LANES * width * FLOAT))),
          ]),
          whileLoop(i32.ltU(at[0].get, end.get), [
            at.map((one, n) => f32.store(to.get, f32.load(one.get), n * FLOAT)),
            at.map((one) => one.set(i32.add(one.get, i32.const(FLOAT)))),
            to.set(i32.add(to.get, i32.const(width * FLOAT))),
          ]),
          row.set(i32.add(row.get, i32.const(width))),
        ]),
      ];
    },
  };
}

/** @param work makes the code for the vector at a byte offset */
function eachVector(width: Width, work: (offset: number) => Code): Code {
  return Array.from({ length: width / LANES }, (_, i) => work(i * LANES * FLOAT));
}

/** Transposes four numbers of each of four rows into four columns. */
function turnFour(scope: Scope, at: Local[], store: (column: Code, n: number) => Code): Code {
  const read = at.map(() => scope.local(V128));
  const pairs = Array.from({ length: 4 }, () => scope.local(V128));
  const [a, b, c, d] = read.map((one) => one.get);
  const [abLow, abHigh, cdLow, cdHigh] = pairs.map((one) => one.get);
  return [
    read.map((one, n) => one.set(v128.load(at[n].get))),
    pairs[0].set(shuffle(a, b, [0, 4, 1, 5])),
    pairs[1].set(shuffle(a, b, [2, 6, 3, 7])),
    pairs[2].set(shuffle(c, d, [0, 4, 1, 5])),
    pairs[3].set(shuffle(c, d, [2, 6, 3, 7])),
    store(shuffle(abLow, cdLow, [0, 1, 4, 5]), 0),
    store(shuffle(abLow, cdLow, [2, 3, 6, 7]), 1),
    store(shuffle(abHigh, cdHigh, [0, 1, 4, 5]), 2),
    store(shuffle(abHigh, cdHigh, [2, 3, 6, 7]), 3),
  ];
}
