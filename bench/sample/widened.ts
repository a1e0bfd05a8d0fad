/**
 * A trained model within the matrices of a larger one: it draws what it has learned, in the time that the larger
 * one takes. All other weights are zeros, and layers behind its own change nothing.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import { fromFloat32 } from '../../base/safetensors/floats.ts';
import { encodeTensorsHeader } from '../../base/safetensors/header.ts';
import { readModelConfig } from '../../trainer/checkpoint/huggingface.ts';
import { readModelWeights } from '../../trainer/checkpoint/model-weights.ts';
import {
  configToHuggingFace,
  headSize,
  type LlamaConfig,
  parameterShapes,
} from '../../trainer/model/config.ts';

export interface Shape {
  hiddenSize: number;
  layers: number;
  intermediateSize: number;
}

const COPIED = ['codec.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];
const ZEROS = new Uint8Array(2 ** 20);

/**
 * Writes a checkpoint, matrices as bf16. Heads are as wide as those of the trained model.
 * @param from checkpoint of the trained model, no larger than the shape in anything
 */
export async function widen(from: string, to: string, shape: Shape): Promise<LlamaConfig> {
  const trained = await readModelConfig(from);
  const { weights } = await readModelWeights(from, trained);
  const heads = shape.hiddenSize / headSize(trained);
  const config: LlamaConfig = {
    ...trained,
    ...shape,
    ...{ heads, kvHeads: heads },
    // The mean of squares is over more numbers, all further ones zero.
    normEps: (trained.normEps * trained.hiddenSize) / shape.hiddenSize,
  };
  const scale = Math.sqrt(trained.hiddenSize / shape.hiddenSize);
  await mkdir(to, { recursive: true });
  for (const name of COPIED) await copyFile(join(from, name), join(to, name));
  await writeFile(join(to, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  const shapes = parameterShapes(config);
  const typed = new Map(
    [...shapes].map(([name, shape]) => {
      const dtype = shape.length === 1 ? 'F32' : 'BF16';
      return [name, { shape, dtype } as const];
    }),
  );
  await writeAtomically(
    join(to, 'model.safetensors'),
    async (file) => {
      await file.write(encodeTensorsHeader(typed, {}));
      for (const [name, { shape, dtype }] of typed) {
        const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
        const bytes = dtype === 'F32' ? 4 : 2;
        const own = weights.get(name);
        const width = own?.shape.at(-1) ?? 0;
        const height = own ? own.data.length / width : 0;
        for (let row = 0; row < height; row++) {
          const part = own!.data.subarray(row * width, (row + 1) * width);
          const scaled = shape.length === 1 ? part.map((value) => value * scale) : part;
          await file.write(fromFloat32(scaled, dtype));
          await writeZeros(file, (columns - width) * bytes);
        }
        await writeZeros(file, (rows - height) * columns * bytes);
      }
    },
    { hashed: false },
  );
  return config;
}

interface Written {
  write(data: Uint8Array): Promise<unknown>;
}

async function writeZeros(file: Written, count: number): Promise<void> {
  for (let left = count; left > 0; left -= ZEROS.length) {
    await file.write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }
}
