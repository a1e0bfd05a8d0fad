/**
 * y = x Wᵀ for few rows. The weights lie in panels of 8 outputs, inputs first, so that one pass
 * over them in memory serves all rows. Every output is one sum over the inputs in ascending
 * order, whatever the number of rows: a row's result does not depend on its neighbours.
 */
import {
  type Code,
  type FunctionSpec,
  f32x4,
  forEachOnce,
  I32,
  i32,
  type Local,
  type Scope,
  V128,
  v128,
  whileLoop,
} from '../../../../wasm/assembler.ts';

/** Outputs of a panel: two vectors. */
export const PANEL = 8;
/** Rows that go through a panel together: 8 sums, 2 weights and an input fill the registers. */
const ROWS = 4;
const FLOAT = 4;

/**
 * Parameters, in bytes where they are addresses or strides: x, xStride, rows, inputs (a multiple
 * of 4), panels (address of the first), count of panels, y (of the first panel), yStride.
 * @param adds y += x Wᵀ instead of y = x Wᵀ
 */
export function matMul(name: string, adds: boolean): FunctionSpec {
  return {
    name,
    params: [I32, I32, I32, I32, I32, I32, I32, I32],
    body(scope, x, xStride, rows, inputs, panels, count, y, yStride) {
      const [panelsEnd, panelBytes] = [scope.local(I32), scope.local(I32)];
      const [row, rest] = [scope.local(I32), scope.local(I32)];
      const [xAt, yAt] = [scope.local(I32), scope.local(I32)];
      const advance = (n: number): Code => [
        xAt.set(i32.add(xAt.get, i32.mul(xStride.get, i32.const(n)))),
        yAt.set(i32.add(yAt.get, i32.mul(yStride.get, i32.const(n)))),
        row.set(i32.add(row.get, i32.const(n))),
      ];
      const tile = (n: number) =>
        tileOf(scope, n, { xAt, xStride, inputs, panels, yAt, yStride, adds });
      return [
        panelBytes.set(i32.mul(inputs.get, i32.const(PANEL * FLOAT))),
        panelsEnd.set(i32.add(panels.get, i32.mul(panelBytes.get, count.get))),
        whileLoop(i32.ltU(panels.get, panelsEnd.get), [
          row.set(i32.const(0)),
          xAt.set(x.get),
          yAt.set(y.get),
          rest.set(i32.and(rows.get, i32.const(-ROWS))),
          whileLoop(i32.ltU(row.get, rest.get), [tile(ROWS), advance(ROWS)]),
          whileLoop(i32.ltU(row.get, rows.get), [tile(1), advance(1)]),
          y.set(i32.add(y.get, i32.const(PANEL * FLOAT))),
          panels.set(i32.add(panels.get, panelBytes.get)),
        ]),
      ];
    },
  };
}

interface Tile {
  xAt: Local;
  xStride: Local;
  inputs: Local;
  panels: Local;
  yAt: Local;
  yStride: Local;
  adds: boolean;
}

/** One panel times n rows; the sums stay in registers. */
function tileOf(scope: Scope, n: number, tile: Tile): Code {
  const { xAt, xStride, inputs, panels, yAt, yStride, adds } = tile;
  const w = scope.local(I32);
  const end = scope.local(I32);
  const rows = Array.from({ length: n }, () => scope.local(I32));
  const sums = rows.map(() => [scope.local(V128), scope.local(V128)]);
  const [w0, w1, input] = [scope.local(V128), scope.local(V128), scope.local(V128)];
  const UNROLL = 4;
  const step = (k: number): Code => [
    w0.set(v128.load(w.get, k * PANEL * FLOAT)),
    w1.set(v128.load(w.get, k * PANEL * FLOAT + 16)),
    rows.map((row, r) => [
      input.set(v128.loadSplat(row.get, k * FLOAT)),
      sums[r][0].set(f32x4.add(sums[r][0].get, f32x4.mul(input.get, w0.get))),
      sums[r][1].set(f32x4.add(sums[r][1].get, f32x4.mul(input.get, w1.get))),
    ]),
  ];
  const out = scope.local(I32);
  const write = (half: number, r: number): Code => {
    const sum = sums[r][half].get;
    const value = adds ? f32x4.add(v128.load(out.get, half * 16), sum) : sum;
    return v128.store(out.get, value, half * 16);
  };
  return [
    w.set(panels.get),
    end.set(i32.add(panels.get, i32.mul(inputs.get, i32.const(PANEL * FLOAT)))),
    rows.map((row, r) => row.set(r === 0 ? xAt.get : i32.add(rows[r - 1].get, xStride.get))),
    sums.flat().map((sum) => sum.set(f32x4.const(0))),
    forEachOnce(w, end.get, UNROLL * PANEL * FLOAT, [
      Array.from({ length: UNROLL }, (_, k) => step(k)),
      rows.map((row) => row.set(i32.add(row.get, i32.const(UNROLL * FLOAT)))),
    ]),
    rows.map((_, r) => [
      out.set(r === 0 ? yAt.get : i32.add(out.get, yStride.get)),
      write(0, r),
      write(1, r),
    ]),
  ];
}
