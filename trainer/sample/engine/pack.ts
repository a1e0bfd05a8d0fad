/** Rows of weights, as a checkpoint has them, into the panels that the kernels read. */
import { CodecLmError } from '../../../base/error.ts';
import { fromFloat32 } from '../../../base/safetensors/floats.ts';
import type { WeightsType } from '../../../schemas/sample.ts';
import {
  INT8_ADDED,
  INT8_BLOCK,
  INT8_BLOCK_BYTES,
  INT8_LARGEST,
  INT8_SCALES,
  int8WeightAt,
} from '../../../wasm/int8-blocks.ts';
import { PANEL } from '../../../wasm/panel-formats.ts';
import type { Matrix } from './layout.ts';

/**
 * @param output of the matrix, whose weights the row is: [inputs], or fewer where the others stay 0;
 *   the memory was never written to
 */
export type RowWriter = (matrix: Matrix, output: number, row: Float32Array) => void;

export function rowWriter(type: WeightsType, memory: ArrayBufferLike): RowWriter {
  switch (type) {
    case 'fp32':
      return fp32Writer(memory);
    case 'int8':
      return int8Writer(memory);
    default:
      return halfWriter(memory, type);
  }
}

function fp32Writer(memory: ArrayBufferLike): RowWriter {
  return (matrix, output, row) => {
    const panel = new Float32Array(memory, panelOf(matrix, output), matrix.panelBytes / 4);
    let to = output % PANEL;
    for (let i = 0; i < row.length; i++, to += PANEL) panel[to] = row[i];
  };
}

function halfWriter(memory: ArrayBufferLike, type: 'bf16' | 'fp16'): RowWriter {
  return (matrix, output, row) => {
    const narrow = new Uint16Array(fromFloat32(row, type === 'bf16' ? 'BF16' : 'F16').buffer);
    if (type === 'fp16') checkRange(narrow, row);
    const panel = new Uint16Array(memory, panelOf(matrix, output), matrix.panelBytes / 2);
    let to = output % PANEL;
    for (let i = 0; i < narrow.length; i++, to += PANEL) panel[to] = narrow[i];
  };
}

function checkRange(narrow: Uint16Array, row: Float32Array): void {
  const at = narrow.findIndex((half) => (half & 0x7c00) === 0x7c00);
  if (at < 0) return;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `the weight ${row[at]} is beyond the range of fp16, which ends at 65504`,
    { hint: 'take the weights as bf16 or fp32' },
  );
}

/**
 * Rounds symmetrically: the largest number of a block becomes 63 or slightly less, because scales
 * are bfloat16, rounded up.
 */
function int8Writer(memory: ArrayBufferLike): RowWriter {
  const scale = new Float32Array(1);
  const scaleBits = new Uint32Array(scale.buffer);
  return (matrix, output, row) => {
    const lane = output % PANEL;
    const bytes = new Int8Array(memory, panelOf(matrix, output), matrix.panelBytes);
    const halves = new Uint16Array(memory, panelOf(matrix, output), matrix.panelBytes / 2);
    let block = 0;
    for (let from = 0; from < row.length; from += INT8_BLOCK, block += INT8_BLOCK_BYTES) {
      const end = Math.min(from + INT8_BLOCK, row.length);
      let largest = 0;
      for (let i = from; i < end; i++) largest = Math.max(largest, Math.abs(row[i]));
      scale[0] = largest / INT8_LARGEST;
      scaleBits[0] = (scaleBits[0] + 0xffff) & 0xffff0000;
      halves[(block + INT8_SCALES) / 2 + lane] = scaleBits[0] >>> 16;
      const inverse = largest === 0 ? 0 : 1 / scale[0];
      for (let i = from; i < end; i++) {
        bytes[block + int8WeightAt(lane, i - from)] = INT8_ADDED + Math.round(row[i] * inverse);
      }
    }
  };
}

/** Indices into a view of a panel stay small: in one of 4 GiB, V8 computes them as doubles. */
function panelOf({ address, panelBytes }: Matrix, output: number): number {
  return address + Math.floor(output / PANEL) * panelBytes;
}
