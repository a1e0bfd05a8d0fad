/**
 * y = x Wᵀ with weights and rows of 8 bits (int8-blocks.ts). The sums of a block are whole numbers of
 * 32 bits, and exact; blocks are added in fp32, in ascending order. So a row's result
 * does not depend on its neighbours.
 */
import {
  type Code,
  type FunctionSpec,
  f32x4,
  forEachOnce,
  I32,
  i32,
  i32x4,
  type Local,
  type Scope,
  V128,
  v128,
  whenElse,
  whileLoop,
} from './assembler.ts';
import { type ByteDot, byteDotOf, fastestByteDot } from './byte-dot.ts';
import {
  INT8_BLOCK,
  INT8_BLOCK_BYTES,
  INT8_SCALES,
  rowBlockBytes,
  rowScales,
  rowSums,
} from './int8-blocks.ts';
import { s32x4 } from './integers.ts';
import { inWholeTiles, TILE } from './mat-mul.ts';
import { BF16_PANELS, PANEL } from './panel-formats.ts';

const FLOAT = 4;
const VECTOR = 16;
/** Fours of inputs that a turn of the innermost loop takes, by rows; see mat-mul.ts. */
const UNROLLED = { [TILE]: 1, 1: 2 };
/**
 * The halves of a panel that go through the inputs together. V8 loads all inputs of a turn first, so
 * both halves with a whole tile do not fit into 16 registers, and a sum in memory holds up all.
 */
const PASSES = { [TILE]: [[0], [1]], 1: [[0, 1]] };
/** Sums of a single row, so that none waits for the one before it. */
const CHAINS = 2;

/**
 * Parameters as those of `matMulKernel`: x (as `int8RowTilesKernel` leaves them), rows, inputs (a
 * multiple of 64), panels, count of panels, y (of rows up to a multiple of 4), yStride.
 * @param adds y += x Wᵀ instead of y = x Wᵀ
 * @param kind how bytes are multiplied; all kinds give the same numbers
 */
export function int8MatMulKernel(
  name: string,
  adds: boolean,
  kind: ByteDot = fastestByteDot(),
): FunctionSpec {
  return {
    name,
    params: [I32, I32, I32, I32, I32, I32, I32],
    body(scope, x, rows, inputs, panels, count, y, yStride) {
      const [blocks, block, panelsEnd] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [row, last, w] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [tileAt, xAt, yAt] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const panelBytes = i32.mul(blocks.get, i32.const(INT8_BLOCK_BYTES));
      const tile = (n: 1 | typeof TILE): Code => [
        xAt.set(i32.add(tileAt.get, i32.mul(block.get, i32.const(rowBlockBytes(n))))),
        blockOf(scope, n, kind, { xAt, w, yAt, yStride, before: adds ? i32.const(1) : block.get }),
        tileAt.set(i32.add(tileAt.get, i32.mul(blocks.get, i32.const(rowBlockBytes(n))))),
        yAt.set(i32.add(yAt.get, i32.mul(yStride.get, i32.const(n)))),
        row.set(i32.add(row.get, i32.const(TILE))),
      ];
      return [
        blocks.set(i32.shrU(inputs.get, Math.log2(INT8_BLOCK))),
        last.set(inWholeTiles(rows)),
        w.set(panels.get),
        panelsEnd.set(i32.add(panels.get, i32.mul(panelBytes, count.get))),
        whileLoop(i32.ltU(w.get, panelsEnd.get), [
          block.set(i32.const(0)),
          whileLoop(i32.ltU(block.get, blocks.get), [
            ...[row.set(i32.const(0)), tileAt.set(x.get), yAt.set(y.get)],
            whileLoop(i32.ltU(row.get, last.get), tile(TILE)),
            whileLoop(i32.ltU(row.get, rows.get), tile(1)),
            w.set(i32.add(w.get, i32.const(INT8_BLOCK_BYTES))),
            block.set(i32.add(block.get, i32.const(1))),
          ]),
          y.set(i32.add(y.get, i32.const(PANEL * FLOAT))),
        ]),
      ];
    },
  };
}

interface Block {
  /** Its part of the rows. */
  xAt: Local;
  /** Its weights. */
  w: Local;
  yAt: Local;
  yStride: Local;
  /** Not 0 where the outputs are sums already. */
  before: Code;
}

/** Adds a block to the outputs of n rows. */
function blockOf(
  scope: Scope,
  n: 1 | typeof TILE,
  kind: ByteDot,
  { xAt, w, yAt, yStride, before }: Block,
): Code {
  const [at, four, end] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  const twoSums = () => [scope.local(V128), scope.local(V128)];
  const sums = Array.from({ length: n }, twoSums);
  // More sums take the fours of a single row in turn.
  const others = n === 1 ? Array.from({ length: CHAINS - 1 }, twoSums) : [];
  const chains = [sums, ...others.map((one) => [one])];
  const weights = [scope.local(V128), scope.local(V128)];
  const input = scope.local(V128);
  const [scale0, scale1, out] = [scope.local(V128), scope.local(V128), scope.local(I32)];
  const { begin, add } = byteDotOf(scope, kind);
  const step = (k: number, pass: readonly number[]): Code => [
    pass.map((half) => weights[half].set(v128.load(at.get, (2 * k + half) * VECTOR))),
    chains[k % chains.length].map((halves, r) => [
      input.set(v128.loadSplat(four.get, (k * n + r) * FLOAT)),
      pass.map((half) => add(halves[half], input, weights[half])),
    ]),
  ];
  const turn = UNROLLED[n];
  /** In `weights`, which are free by then. */
  const addTo = (sum: Local, half: number, scale: Local): Code => [
    weights[0].set(f32x4.mul(s32x4.toFloat(sum.get), f32x4.mul(scale.get, input.get))),
    weights[1].set(whenElse(V128, before, v128.load(out.get, VECTOR * half), f32x4.const(0))),
    v128.store(out.get, f32x4.add(weights[1].get, weights[0].get), VECTOR * half),
  ];
  return [
    begin,
    sums.map((halves, r) =>
      halves.map((sum) => sum.set(v128.loadSplat(xAt.get, rowSums(n) + r * FLOAT))),
    ),
    others.flat().map((sum) => sum.set(i32x4.const(0))),
    end.set(i32.add(w.get, i32.const(INT8_SCALES))),
    PASSES[n].map((pass) => [
      at.set(w.get),
      four.set(xAt.get),
      forEachOnce(at, end.get, turn * 2 * VECTOR, [
        Array.from({ length: turn }, (_, k) => step(k, pass)),
        four.set(i32.add(four.get, i32.const(turn * n * FLOAT))),
      ]),
    ]),
    others.map((halves) =>
      halves.map((sum, half) => sums[0][half].set(i32x4.add(sums[0][half].get, sum.get))),
    ),
    BF16_PANELS.read(w.get, INT8_SCALES, scale0, scale1),
    sums.map(([low, high], r) => [
      out.set(r === 0 ? yAt.get : i32.add(out.get, yStride.get)),
      input.set(v128.loadSplat(xAt.get, rowScales(n) + r * FLOAT)),
      addTo(low, 0, scale0),
      addTo(high, 1, scale1),
    ]),
  ];
}
