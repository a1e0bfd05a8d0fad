/** Number formats in which the engine holds matrices: how large, how written, by which kernels multiplied. */

import type { WeightsType } from '../../../schemas/sample.ts';
import type { FunctionSpec } from '../../../wasm/assembler.ts';
import { INT8_BLOCK, INT8_BLOCK_BYTES, int8RowTilesKernel } from '../../../wasm/int8-blocks.ts';
import { int8MatMulKernel } from '../../../wasm/int8-mat-mul.ts';
import { matMulKernel, rowTilesKernel } from '../../../wasm/mat-mul.ts';
import {
  BF16_PANELS,
  FP16_PANELS,
  FP32_PANELS,
  PANEL,
  type PanelFormat,
} from '../../../wasm/panel-formats.ts';

export interface MatrixFormat {
  /** Inputs of a matrix are a multiple of this. */
  block: number;
  /** Weights of 8 outputs. */
  panelBytes(inputs: number): number;
  /** `packRows`, `matMul` and `matMulAdd`. */
  kernels(): FunctionSpec[];
}

export const MATRIX_FORMATS: Readonly<Record<WeightsType, MatrixFormat>> = {
  fp32: floatingPoint(FP32_PANELS),
  bf16: floatingPoint(BF16_PANELS),
  fp16: floatingPoint(FP16_PANELS),
  int8: {
    block: INT8_BLOCK,
    panelBytes: (inputs) => (inputs / INT8_BLOCK) * INT8_BLOCK_BYTES,
    kernels: () => [
      int8RowTilesKernel,
      int8MatMulKernel('matMul', false),
      int8MatMulKernel('matMulAdd', true),
    ],
  },
};

function floatingPoint(format: PanelFormat): MatrixFormat {
  return {
    block: PANEL,
    panelBytes: (inputs) => inputs * format.bytes,
    kernels: () => [
      rowTilesKernel,
      matMulKernel('matMul', false, format),
      matMulKernel('matMulAdd', true, format),
    ],
  };
}
