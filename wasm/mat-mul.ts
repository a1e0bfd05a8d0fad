/**
 * Computes y = x Wᵀ for few rows. The weights lie in panels of 8 outputs, inputs first, so that one
 * pass over them in memory serves all rows. The rows lie in tiles of 4, inputs first too, so that
 * the kernel reads two sequential streams. Every output is one sum over the inputs in ascending
 * order, whatever the number of rows: a row's result does not depend on its neighbours.
 */
import {
  type Code,
  either,
  type FunctionSpec,
  f32x4,
  forEach,
  forEachOnce,
  I32,
  i32,
  type Local,
  type Scope,
  shuffle,
  V128,
  v128,
  whenElse,
  whileLoop,
} from './assembler.ts';
import { FP32_PANELS, PANEL, type PanelFormat } from './panel-formats.ts';

export { PANEL } from './panel-formats.ts';

/**
 * Rows per tile. They go through a panel together: 8 sums, 2 weights and 4 inputs fill the
 * registers.
 */
export const TILE = 4;
const FLOAT = 4;
/**
 * Inputs per block. With at most two tiles, the weights of one block go through all rows before the
 * next block begins, so the processor fetches the next weights from memory while it multiplies.
 * With more rows the fetch matters less, and the sums would be loaded and stored too often.
 */
const BLOCK = 32;
const MOST_BLOCKED_ROWS = 2 * TILE;
/** Weights that are not fp32 are widened once for all rows, so many inputs at a time, for more than a tile. */
const WIDENED_BLOCK = 128;
/** Room for them. */
export const WIDENED_BYTES = WIDENED_BLOCK * PANEL * FLOAT;

/**
 * Inputs per turn of the innermost loop. V8 loads all inputs of a turn before it multiplies, so two
 * inputs of a whole tile do not fit into 16 registers: 33 GFLOP/s instead of 61.
 */
const UNROLLED = { [TILE]: 1, 1: 4 };

/**
 * Whether the last tile has a single row, which is processed by itself. Two or three rows are
 * filled up with zeros.
 */
const alone = (rows: Local): Code => i32.eq(i32.and(rows.get, i32.const(TILE - 1)), i32.const(1));
export const inWholeTiles = (rows: Local): Code =>
  i32.sub(
    i32.and(i32.add(rows.get, i32.const(TILE - 1)), i32.const(-TILE)),
    i32.mul(alone(rows), i32.const(TILE)),
  );

/** Four vectors of four 32-bit lanes as the rows of a matrix; its columns. */
export function transposed([a, b, c, d]: readonly Code[]): Code[] {
  const [ab, cd] = [
    [shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7])],
    [shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7])],
  ];
  return [0, 1, 2, 3].map((n) =>
    shuffle(ab[n >> 1], cd[n >> 1], n % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7]),
  );
}

/**
 * Copies rows into tiles: [tile, inputs, 4], or [inputs] for a last row that is alone. Parameters:
 * x, xStride, rows, inputs (a multiple of 4), to.
 */
export const rowTilesKernel: FunctionSpec = {
  name: 'packRows',
  params: [I32, I32, I32, I32, I32],
  body(scope, x, xStride, rows, inputs, to) {
    const [row, last, end] = [scope.local(I32), scope.local(I32), scope.local(I32)];
    const from = Array.from({ length: TILE }, () => scope.local(I32));
    const read = Array.from({ length: TILE }, () => scope.local(V128));
    const columns = transposed(read.map((one) => one.get));
    /** Loads 0 for a row that does not exist. */
    const orNone = (n: number): Code =>
      whenElse(
        V128,
        i32.ltU(i32.add(row.get, i32.const(n)), rows.get),
        v128.load(from[n].get),
        f32x4.const(0),
      );
    return [
      row.set(i32.const(0)),
      last.set(inWholeTiles(rows)),
      whileLoop(i32.ltU(row.get, last.get), [
        from.map((one, n) => one.set(n === 0 ? x.get : i32.add(from[n - 1].get, xStride.get))),
        end.set(i32.add(x.get, i32.mul(inputs.get, i32.const(FLOAT)))),
        whileLoop(i32.ltU(from[0].get, end.get), [
          read.map((one, n) => one.set(orNone(n))),
          columns.map((column, n) => v128.store(to.get, column, n * TILE * FLOAT)),
          from.map((one) => one.set(i32.add(one.get, i32.const(16)))),
          to.set(i32.add(to.get, i32.const(16 * TILE))),
        ]),
        x.set(i32.add(x.get, i32.mul(xStride.get, i32.const(TILE)))),
        row.set(i32.add(row.get, i32.const(TILE))),
      ]),
      whileLoop(i32.ltU(row.get, rows.get), [
        end.set(i32.add(x.get, i32.mul(inputs.get, i32.const(FLOAT)))),
        forEach(x, end.get, 16, [
          v128.store(to.get, v128.load(x.get)),
          to.set(i32.add(to.get, i32.const(16))),
        ]),
        row.set(i32.add(row.get, i32.const(TILE))),
      ]),
    ];
  },
};

/**
 * Parameters, in bytes where they are addresses or strides: x (as `rowTilesKernel` leaves them),
 * rows, inputs (a multiple of 4), panels (address of the first), count of panels, y (of the first
 * panel, with space for rows up to a multiple of 4), yStride, widened (`WIDENED_BYTES` of space, for
 * formats other than fp32).
 * @param adds y += x Wᵀ instead of y = x Wᵀ
 * @param format of the weights
 */
export function matMulKernel(
  name: string,
  adds: boolean,
  format: PanelFormat = FP32_PANELS,
): FunctionSpec {
  return {
    name,
    params: [I32, I32, I32, I32, I32, I32, I32, I32],
    body(scope, x, rows, inputs, panels, count, y, yStride, widened) {
      const [panelsEnd, panelEnd] = [scope.local(I32), scope.local(I32)];
      const [row, last, rowBytes] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [w, next, read] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const [blockBytes, panelBytes] = [scope.local(I32), scope.local(I32)];
      const [tileAt, xAt, yAt] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const tile = (n: 1 | typeof TILE, from: Weights): Code => [
        xAt.set(i32.add(tileAt.get, i32.mul(read.get, i32.const(n)))),
        tileOf(scope, n, from, { xAt, yAt, yStride, before: adds ? i32.const(1) : read.get }),
        tileAt.set(i32.add(tileAt.get, i32.mul(rowBytes.get, i32.const(n)))),
        yAt.set(i32.add(yAt.get, i32.mul(yStride.get, i32.const(n)))),
        row.set(i32.add(row.get, i32.const(TILE))),
      ];
      const allRows = (from: Weights): Code => [
        ...[row.set(i32.const(0)), tileAt.set(x.get), yAt.set(y.get)],
        whileLoop(i32.ltU(row.get, last.get), tile(TILE, from)),
        whileLoop(i32.ltU(row.get, rows.get), tile(1, from)),
      ];
      const stored: Weights = { w, end: next, format };
      const [wide, wideEnd] = [scope.local(I32), scope.local(I32)];
      const wideRows: Code = [
        widen(scope, stored, widened, wideEnd),
        wide.set(widened.get),
        allRows({ w: wide, end: wideEnd, format: FP32_PANELS }),
      ];
      const isFewRows = i32.ltU(rows.get, i32.const(TILE + 1));
      const isSingle = i32.eq(rows.get, i32.const(1));
      const isBlocked = i32.ltU(rows.get, i32.const(MOST_BLOCKED_ROWS + 1));
      const bytesOf = (block: number): Code => i32.const(block * format.bytes);
      const most = format === FP32_PANELS ? panelBytes.get : bytesOf(WIDENED_BLOCK);
      return [
        rowBytes.set(i32.mul(inputs.get, i32.const(FLOAT))),
        panelBytes.set(i32.mul(inputs.get, i32.const(format.bytes))),
        panelsEnd.set(i32.add(panels.get, i32.mul(panelBytes.get, count.get))),
        last.set(inWholeTiles(rows)),
        blockBytes.set(
          whenElse(I32, isSingle, panelBytes.get, whenElse(I32, isBlocked, bytesOf(BLOCK), most)),
        ),
        w.set(panels.get),
        whileLoop(i32.ltU(w.get, panelsEnd.get), [
          panelEnd.set(i32.add(w.get, panelBytes.get)),
          read.set(i32.const(0)),
          whileLoop(i32.ltU(w.get, panelEnd.get), [
            next.set(i32.add(w.get, blockBytes.get)),
            next.set(i32.min(next, panelEnd)),
            format === FP32_PANELS ? allRows(stored) : either(isFewRows, allRows(stored), wideRows),
            // Bytes of a row's inputs in the block.
            read.set(i32.add(read.get, i32.shrU(blockBytes.get, Math.log2(format.bytes / FLOAT)))),
            w.set(next.get),
          ]),
          y.set(i32.add(y.get, i32.const(PANEL * FLOAT))),
        ]),
      ];
    },
  };
}

/** The weights of some inputs of a panel. */
interface Weights {
  w: Local;
  end: Local;
  format: PanelFormat;
}

/** Writes them as fp32, and sets `wideEnd` to where these end. */
function widen(scope: Scope, { w, end, format }: Weights, to: Local, wideEnd: Local): Code {
  const at = scope.local(I32);
  const [low, high] = [scope.local(V128), scope.local(V128)];
  return [
    at.set(w.get),
    wideEnd.set(to.get),
    forEachOnce(at, end.get, format.bytes, [
      format.read(at.get, 0, low, high),
      v128.store(wideEnd.get, low.get),
      v128.store(wideEnd.get, high.get, 16),
      wideEnd.set(i32.add(wideEnd.get, i32.const(PANEL * FLOAT))),
    ]),
  ];
}

interface Tile {
  /** Address of the inputs. */
  xAt: Local;
  yAt: Local;
  yStride: Local;
  /** Not 0 when the outputs already hold partial sums. */
  before: Code;
}

/**
 * Adds the products of one block of inputs and one panel to the outputs of n rows; the sums stay in
 * registers.
 */
function tileOf(
  scope: Scope,
  n: 1 | typeof TILE,
  { w: from, end, format }: Weights,
  { xAt, yAt, yStride, before }: Tile,
): Code {
  const w = scope.local(I32);
  const out = Array.from({ length: n }, () => scope.local(I32));
  const sums = Array.from({ length: n }, () => [scope.local(V128), scope.local(V128)]);
  const [w0, w1, input] = [scope.local(V128), scope.local(V128), scope.local(V128)];
  const step = (k: number): Code => [
    format.read(w.get, k * format.bytes, w0, w1),
    sums.map(([low, high], r) => [
      input.set(v128.loadSplat(xAt.get, (k * n + r) * FLOAT)),
      low.set(f32x4.add(low.get, f32x4.mul(input.get, w0.get))),
      high.set(f32x4.add(high.get, f32x4.mul(input.get, w1.get))),
    ]),
  ];
  const turn = UNROLLED[n];
  return [
    out.map((one, r) => one.set(r === 0 ? yAt.get : i32.add(out[r - 1].get, yStride.get))),
    sums.map((halves, r) =>
      halves.map((sum, half) =>
        sum.set(whenElse(V128, before, v128.load(out[r].get, 16 * half), f32x4.const(0))),
      ),
    ),
    w.set(from.get),
    forEachOnce(w, end.get, turn * format.bytes, [
      Array.from({ length: turn }, (_, k) => step(k)),
      xAt.set(i32.add(xAt.get, i32.const(turn * n * FLOAT))),
    ]),
    sums.map((halves, r) => halves.map((sum, half) => v128.store(out[r].get, sum.get, 16 * half))),
  ];
}
