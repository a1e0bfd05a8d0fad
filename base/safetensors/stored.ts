/** A tensor in a file, whatever wrote the file. */
import { CodecLmError } from '../error.ts';
import { READABLE_TYPES, type ReadableType, toFloat32 } from './floats.ts';

export interface StoredTensor {
  /** As safetensors calls it. */
  dtype: string;
  shape: number[];
  /**
   * Reads the values, little-endian, row after row.
   * @throws CodecLmError `CHECKPOINT_INVALID` for a file that has become shorter
   */
  read(): Promise<Buffer>;
}

/**
 * The type of a tensor that a model can be computed with.
 * @param path of the file, for the message
 * @throws CodecLmError `CHECKPOINT_INVALID` for integers, whatever they may stand for
 */
export function floatTypeOf(name: string, { dtype }: StoredTensor, path: string): ReadableType {
  const type = READABLE_TYPES.find((known) => known === dtype);
  if (type) return type;
  throw new CodecLmError(
    'CHECKPOINT_INVALID',
    `${path}: tensor ${name}: dtype ${dtype} holds no floating-point numbers that a model can be computed with (${READABLE_TYPES.join(', ')} do)`,
    { path, hint: 'save the model again in bf16 or fp32' },
  );
}

/** @throws CodecLmError as `floatTypeOf` and `StoredTensor.read` */
export async function readFloats(
  name: string,
  tensor: StoredTensor,
  path: string,
): Promise<Float32Array> {
  const type = floatTypeOf(name, tensor, path);
  return toFloat32(await tensor.read(), type);
}
