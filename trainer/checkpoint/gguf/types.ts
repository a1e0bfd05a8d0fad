/** The number formats of tensors in a GGUF file, and their values in them. */
import { CodecLmError } from '../../../base/error.ts';
import { type FloatType, fromFloat32, narrowFloat16 } from '../../../base/safetensors/floats.ts';

/** Values of a block of Q8_0: an fp16 scale, then that many signed bytes. */
export const BLOCK = 32;
const BLOCK_BYTES = 2 + BLOCK;
const LARGEST = 127;
/** The smallest number that fp16 rounds to infinity: half a step above the largest, 65,504. */
const FP16_OVERFLOW = 65_520;

/**
 * Precisions by the names of `trainer export`. `type` is GGML's number of a tensor's type,
 * `fileType` llama.cpp's of a file most of whose matrices have it.
 */
export const GGUF_FORMATS = {
  fp32: { type: 0, fileType: 0, float: 'F32' },
  fp16: { type: 1, fileType: 1, float: 'F16' },
  bf16: { type: 30, fileType: 32, float: 'BF16' },
  q8_0: { type: 8, fileType: 7, float: undefined },
} as const satisfies Record<
  string,
  { type: number; fileType: number; float: FloatType | undefined }
>;

export type GgufPrecision = keyof typeof GGUF_FORMATS;

/**
 * @param name of the tensor, for the message
 * @param columns values of a row
 * @throws CodecLmError `CONFIG_INVALID` for rows that are no whole blocks
 */
export function bytesOfTensor(
  name: string,
  elements: number,
  columns: number,
  precision: GgufPrecision,
): number {
  if (precision === 'fp32') return 4 * elements;
  if (precision !== 'q8_0') return 2 * elements;
  if (columns % BLOCK === 0) return (elements / BLOCK) * BLOCK_BYTES;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `Q8_0 has blocks of ${BLOCK} values, and a row of ${name} has ${columns}`,
    { hint: 'take another `precision`' },
  );
}

/**
 * @param values whole rows
 * @param name of the tensor, for the message
 * @returns little-endian bytes
 * @throws CodecLmError `NOT_FINITE` for a value beyond fp16, where that is what is written
 */
export function encodeTensor(
  values: Float32Array,
  precision: GgufPrecision,
  name: string,
): Uint8Array {
  const { float } = GGUF_FORMATS[precision];
  if (float === undefined) return quantize(values, name);
  if (float === 'F16') checkRange(values, 1, name);
  return fromFloat32(values, float);
}

/**
 * As `quantize_row_q8_0_ref` of ggml computes it, in fp32 throughout: the largest magnitude of a
 * block becomes 127, the others round to the nearest, halves away from zero.
 */
function quantize(values: Float32Array, name: string): Uint8Array {
  checkRange(values, LARGEST, name);
  const blocks = values.length / BLOCK;
  const bytes = Buffer.alloc(blocks * BLOCK_BYTES);
  const scale = new Float32Array(1);
  const bits = new Uint32Array(scale.buffer);
  for (let block = 0; block < blocks; block++) {
    const from = block * BLOCK;
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[from + i]));
    scale[0] = largest / LARGEST;
    const inverse = scale[0] === 0 ? 0 : Math.fround(1 / scale[0]);
    const to = block * BLOCK_BYTES;
    bytes.writeUInt16LE(narrowFloat16(bits[0]), to);
    for (let i = 0; i < BLOCK; i++) {
      bytes.writeInt8(roundAway(Math.fround(values[from + i] * inverse)), to + 2 + i);
    }
  }
  return bytes;
}

/** C's `roundf`; `Math.round` takes -0.5 up. */
function roundAway(value: number): number {
  const magnitude = Math.trunc(Math.abs(value) + 0.5);
  return value < 0 ? -magnitude : magnitude;
}

function checkRange(values: Float32Array, divisor: number, name: string): void {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest / divisor < FP16_OVERFLOW) return;
  throw new CodecLmError('NOT_FINITE', `${name} holds ${largest}, which fp16 cannot`, {
    hint: 'take `precision` bf16 or fp32',
  });
}
