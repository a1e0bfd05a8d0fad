import test from 'ava';
import { rowWriter } from '../../trainer/sample/engine/pack.ts';
import { MATRIX_FORMATS } from '../../trainer/sample/engine/weights-type.ts';
import { BYTE_DOTS, type ByteDot, compileWithByteDot } from '../../wasm/byte-dot.ts';
import { linkModule, PAGE_BYTES } from '../../wasm/instantiate.ts';
import { int8RowTilesKernel } from '../../wasm/int8-blocks.ts';
import { int8MatMulKernel } from '../../wasm/int8-mat-mul.ts';

const [INPUTS, OUTPUTS, MOST_ROWS] = [192, 24, 9];
const PANELS = OUTPUTS / 8;
const PANEL_BYTES = MATRIX_FORMATS.int8.panelBytes(INPUTS);
const [X, PACKED, WEIGHTS, Y] = [0, 1, 2, 3].map((page) => page * PAGE_BYTES);

/** Numbers of very different sizes, blocks of zeros, and the same in every run. */
function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const wave = Math.sin(i * 12.9898 + seed * 78.233) * 43_758.5453;
    const size = [1, 0.01, 300, 0][Math.floor(i / 64) % 4];
    return (wave - Math.floor(wave) - 0.5) * size * (1 + (i % 7));
  });
}

const { fround } = Math;
const BLOCK = 64;

/** To the nearest whole number, ties to even. */
function nearest(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function largestOf(block: Float32Array): number {
  return block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function weightsOf(block: Float32Array): { scale: number; values: number[] } {
  const scale = Float32Array.of(largestOf(block) / 63);
  const bits = new Uint32Array(scale.buffer);
  bits[0] = (bits[0] + 0xffff) & 0xffff0000;
  const inverse = scale[0] === 0 ? 0 : 1 / scale[0];
  return { scale: scale[0], values: Array.from(block, (value) => Math.round(value * inverse)) };
}

function inputsOf(block: Float32Array): { scale: number; values: number[] } {
  const largest = largestOf(block);
  const inverse = fround(127 / largest);
  const values = Array.from(block, (value) =>
    largest === 0 ? 0 : nearest(fround(value * inverse)),
  );
  return { scale: fround(largest * fround(1 / 127)), values };
}

/** As the kernels say that they compute it. */
function product(row: Float32Array, weights: Float32Array, before: number): number {
  let sum = before;
  for (let from = 0; from < INPUTS; from += BLOCK) {
    const w = weightsOf(weights.subarray(from, from + BLOCK));
    const x = inputsOf(row.subarray(from, from + BLOCK));
    const whole = x.values.reduce((total, value, i) => total + value * w.values[i], 0);
    sum = fround(sum + fround(whole * fround(w.scale * x.scale)));
  }
  return sum;
}

function multiply(kind: ByteDot, rows: number, adds: boolean): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const functions = [int8RowTilesKernel, int8MatMulKernel('matMul', adds, kind)];
  const module = compileWithByteDot(functions, { maxPages: 4, shared: true });
  const kernels = linkModule<Record<string, (...args: number[]) => void>>(module, memory);
  const floats = new Float32Array(memory.buffer);
  floats.set(numbers(rows * INPUTS, 1), X / 4);
  floats.fill(2, Y / 4, Y / 4 + 12 * OUTPUTS);
  const write = rowWriter('int8', memory.buffer);
  const matrix = { address: WEIGHTS, inputs: INPUTS, panels: PANELS, panelBytes: PANEL_BYTES };
  for (let output = 0; output < OUTPUTS; output++) {
    write(matrix, output, numbers(INPUTS, 10 + output));
  }
  kernels.packRows(X, INPUTS * 4, rows, INPUTS, PACKED);
  kernels.matMul(PACKED, rows, INPUTS, WEIGHTS, PANELS, Y, OUTPUTS * 4, 0);
  return floats.slice(Y / 4, Y / 4 + rows * OUTPUTS);
}

for (const kind of BYTE_DOTS) {
  test(`${kind}: products of bytes are the numbers that they are said to be, to the last bit`, (t) => {
    const x = numbers(MOST_ROWS * INPUTS, 1);
    const expected = (rows: number, before: number) =>
      Float32Array.from({ length: rows * OUTPUTS }, (_, i) => {
        const row = Math.floor(i / OUTPUTS);
        const inputs = x.subarray(row * INPUTS, (row + 1) * INPUTS);
        return product(inputs, numbers(INPUTS, 10 + (i % OUTPUTS)), before);
      });
    for (const rows of [1, 2, 4, 5, MOST_ROWS]) {
      t.deepEqual(multiply(kind, rows, false), expected(rows, 0), `${rows} rows`);
      t.deepEqual(multiply(kind, rows, true), expected(rows, 2), `${rows} rows are added to`);
    }
  });
}
