/** Compiled products give what the kernels in WebAssembly give, to the last bit. */

import { findCompiled } from '../../../compute/compiled/find.ts';
import { linkCompiled } from '../../../compute/compiled/link.ts';
import { WEIGHTS_TYPES, type WeightsType } from '../../../schemas/sample.ts';
import { rowWriter } from '../../../trainer/sample/engine/pack.ts';
import { MATRIX_FORMATS } from '../../../trainer/sample/engine/weights-type.ts';
import { compileWithByteDot } from '../../../wasm/byte-dot.ts';
import { linkModule, PAGE_BYTES } from '../../../wasm/instantiate.ts';
import { testIf } from '../../helpers/tools.ts';

const library = findCompiled();
const why = 'the kernels are not compiled, or there is no AVX-512';

const MEMORY_PAGES = 40;
const [X, PACKED, WEIGHTS, WIDENED, Y, Y_END] = [0, 8, 16, 24, 25, 40].map(
  (page) => page * PAGE_BYTES,
);
const MOST_ROWS = 64;

const traits = (weights: WeightsType) => ({ weights, cache: 'fp32', headSize: 64 }) as const;

type Kernels = Record<'packRows' | 'matMul' | 'matMulAdd', (...args: number[]) => void>;

/** Numbers of very different sizes, with zeros and subnormal ones among them. */
function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const wave = Math.sin(i * 12.9898 + seed * 78.233) * 43_758.5453;
    const size = [1, 0.01, 30, 0, 1e-7][Math.floor(i / 13) % 5];
    return (wave - Math.floor(wave) - 0.5) * size * (1 + (i % 7));
  });
}

function bench(type: WeightsType, inputs: number, panels: number) {
  const memory = new WebAssembly.Memory({
    ...{ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true },
  });
  const { kernels, panelBytes } = MATRIX_FORMATS[type];
  const module = compileWithByteDot(kernels(), { maxPages: MEMORY_PAGES, shared: true });
  const plain = linkModule<Kernels>(module, memory);
  const write = rowWriter(type, memory.buffer);
  const matrix = { address: WEIGHTS, inputs, panels, panelBytes: panelBytes(inputs) };
  for (let output = 0; output < 8 * panels; output++)
    write(matrix, output, numbers(inputs, output));
  const floats = new Float32Array(memory.buffer);
  floats.set(numbers(MOST_ROWS * inputs, 99), X / 4);
  const compiled = linkCompiled(library!, memory, traits(type));
  const before = numbers((Y_END - Y) / 4, 7);
  return (from: 'plain' | 'compiled', name: 'matMul' | 'matMulAdd', rows: number) => {
    floats.set(before, Y / 4);
    plain.packRows(X, inputs * 4, rows, inputs, PACKED);
    const stride = 8 * panels * 4;
    const kernel = from === 'plain' ? plain[name] : compiled[name];
    kernel(PACKED, rows, inputs, WEIGHTS, panels, Y, stride, WIDENED);
    return Buffer.from(floats.slice(Y / 4, (Y + rows * stride) / 4).buffer);
  };
}

for (const type of WEIGHTS_TYPES) {
  testIf(!!library, why, `${type}: the bits of WebAssembly, for any number of rows`, (t) => {
    for (const [inputs, panels] of [
      [64, 1],
      [192, 5],
      [320, 8],
    ]) {
      const multiply = bench(type, inputs, panels);
      for (const rows of [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17, 25, 33, 64]) {
        for (const name of ['matMul', 'matMulAdd'] as const) {
          const expected = multiply('plain', name, rows);
          t.true(multiply('compiled', name, rows).equals(expected), `${rows} rows, ${name}`);
          t.true(expected.some((byte) => byte !== 0));
        }
      }
    }
  });
}

testIf(!!library, why, 'nothing is written beside the outputs', (t) => {
  for (const type of WEIGHTS_TYPES) {
    const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
    const floats = new Float32Array(memory.buffer).fill(3);
    const { matMul } = linkCompiled(library!, memory, traits(type));
    // 3 panels of 64 inputs, 5 rows with room for as many panels more.
    matMul(0, 5, 64, PAGE_BYTES, 3, 4 * PAGE_BYTES, 6 * 32);
    const outputs = floats.subarray(PAGE_BYTES, PAGE_BYTES + 8 * 48);
    const isBeside = (i: number) => i % 48 >= 24 || i >= 5 * 48;
    t.true(outputs.every((value, i) => isBeside(i) === (value === 3)));
  }
});
