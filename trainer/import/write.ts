/** Weights as one safetensors file, in the types they have, one tensor after the other. */
import { writeAtomically } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { areHalvesFinite, BYTES_PER_ELEMENT, toFloat32 } from '../../base/safetensors/floats.ts';
import { encodeTensorsHeader } from '../../base/safetensors/header.ts';
import { floatTypeOf } from '../../base/safetensors/stored.ts';
import { checkFiniteWeight } from '../checkpoint/model-weights.ts';
import type { WeightPlace } from '../checkpoint/weight-files.ts';

/** Elements that are widened at a time, to be looked through. */
const BLOCK = 2 ** 20;

export interface WriteOptions {
  /** Bytes of tensors that have been written since the call before. */
  onBytes?: (bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Holds no more than one tensor in memory, and keeps every bit of it.
 * @param places in the order of the file, by the names they get there
 * @throws CodecLmError `CHECKPOINT_INVALID` for a tensor that is not finite, or none of floating-point
 *   numbers, that names file and tensor; `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function writePlaces(
  path: string,
  places: ReadonlyMap<string, WeightPlace>,
  { onBytes, signal }: WriteOptions = {},
): Promise<void> {
  const typed = new Map(
    [...places].map(([name, place]) => {
      const dtype = floatTypeOf(name, place, place.file);
      return [name, { shape: place.shape, dtype }];
    }),
  );
  const fill = async (file: { write(bytes: Uint8Array): Promise<void> }) => {
    // transformers refuses a file that does not say which framework's layout it has.
    await file.write(encodeTensorsHeader(typed, { format: 'pt' }));
    for (const [name, place] of places) {
      signal?.throwIfAborted();
      const { dtype, shape } = typed.get(name)!;
      const bytes = await place.read();
      const block = BLOCK * BYTES_PER_ELEMENT[dtype];
      for (let from = 0; from < bytes.length; from += block) {
        const part = bytes.subarray(from, from + block);
        if ((dtype === 'BF16' || dtype === 'F16') && areHalvesFinite(part, dtype)) continue;
        const values = toFloat32(part, dtype);
        checkFiniteWeight(name, values, shape, place.file, from / BYTES_PER_ELEMENT[dtype]);
      }
      await file.write(bytes);
      onBytes?.(bytes.length);
    }
  };
  await writeAtomically(path, fill, { hashed: false });
}

/** Bytes of all tensors. */
export function weightBytes(places: ReadonlyMap<string, WeightPlace>): number {
  let total = 0;
  for (const [name, place] of places) {
    const width = BYTES_PER_ELEMENT[floatTypeOf(name, place, place.file)];
    total += place.shape.reduce((product, length) => product * length, width);
  }
  return total;
}

/** The type that most of the numbers have, as `config.json` names it. */
export function mainTypeOf(places: ReadonlyMap<string, WeightPlace>): string {
  const [largest] = [...places].sort(
    ([, a], [, b]) => elementsOf(b) - elementsOf(a) || a.file.localeCompare(b.file),
  );
  if (!largest) throw new CodecLmError('INTERNAL', 'a model without weights');
  return TORCH_NAMES[floatTypeOf(largest[0], largest[1], largest[1].file)];
}

const TORCH_NAMES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', F64: 'float64' } as const;

function elementsOf({ shape }: WeightPlace): number {
  return shape.reduce((product, length) => product * length, 1);
}
