/** The weights of a checkpoint folder, one tensor after the other, so that not all are in memory. */

import { BYTES_PER_ELEMENT, type ReadableType } from '../../base/safetensors/floats.ts';
import { readFloats } from '../../base/safetensors/stored.ts';
import type { WeightsType } from '../../schemas/sample.ts';
import type { LlamaConfig } from '../model/config.ts';
import { checkFiniteWeight, chosenPlaces, EMBEDDING, HEAD } from './model-weights.ts';
import { findWeights, type WeightPlace } from './weight-files.ts';

export interface StoredWeights {
  /** The narrowest format that holds the matrices as they are in the files. */
  type: WeightsType;
  /** Size of the tensors in the files. */
  bytes: number;
  /**
   * Each tensor that the configuration asks for, once, as fp32.
   * @throws CodecLmError `CHECKPOINT_INVALID` that names file and tensor
   */
  read(): AsyncGenerator<StoredWeight>;
}

export interface StoredWeight {
  name: string;
  data: Float32Array;
  /** In the file. */
  bytes: number;
}

/**
 * Checks names and shapes; values are checked as they are read.
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` that names file and tensor
 */
export async function openModelWeights(dir: string, config: LlamaConfig): Promise<StoredWeights> {
  const places = chosenPlaces(await findWeights(dir), config);
  return {
    type: commonType([...places.values()].filter(({ shape }) => shape.length > 1)),
    bytes: [...places.values()].reduce((sum, place) => sum + bytesOf(place), 0),
    async *read() {
      for (const [name, place] of places) {
        const data = await readFloats(name, place, place.file);
        checkFiniteWeight(name, data, place.shape, place.file);
        // Tied, and written under the other name.
        const isTiedHead = name === HEAD && !places.has(EMBEDDING);
        yield { name: isTiedHead ? EMBEDDING : name, data, bytes: bytesOf(place) };
      }
    },
  };
}

function bytesOf({ shape, dtype }: WeightPlace): number {
  const elements = shape.reduce((product, length) => product * length, 1);
  return elements * (BYTES_PER_ELEMENT[dtype as ReadableType] ?? 0);
}

/** fp32 holds any of them; the two of 16 bits do not hold each other. */
function commonType(matrices: readonly WeightPlace[]): WeightsType {
  const types = new Set(matrices.map(({ dtype }) => dtype));
  if (types.size > 1) return 'fp32';
  if (types.has('BF16')) return 'bf16';
  return types.has('F16') ? 'fp16' : 'fp32';
}
