/**
 * A model of the shape of Llama 2 7B with random weights, or some layers of it, as a checkpoint in
 * bf16: 13 GB with all layers, written tensor by tensor.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import { fromFloat32 } from '../../base/safetensors/floats.ts';
import { encodeTensorsHeader } from '../../base/safetensors/header.ts';
import {
  configToHuggingFace,
  type LlamaConfig,
  parameterShapes,
} from '../../trainer/model/config.ts';
import { initialWeights } from '../../trainer/model/init.ts';
import { makeCheckpoint } from './checkpoint.ts';

/** Tokens of the longest sequence: those of an image in training. */
const POSITIONS = 12_288;

/** @param layers 32 are the whole model, of 0.4 GB each */
export async function makeSevenBillion(dir: string, layers = 32): Promise<LlamaConfig> {
  await mkdir(dir, { recursive: true });
  const small = await makeCheckpoint(dir);
  const config: LlamaConfig = {
    ...small,
    ...{ hiddenSize: 4096, layers, heads: 32, kvHeads: 32, intermediateSize: 11_008 },
    maxPositions: POSITIONS,
  };
  await writeFile(join(dir, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  const shapes = parameterShapes(config);
  const typed = new Map(
    [...shapes].map(([name, shape]) => [name, { shape, dtype: 'BF16' as const }]),
  );
  const numbers = randomNumbers(config);
  await writeAtomically(
    join(dir, 'model.safetensors'),
    async (file) => {
      let begun = 0;
      await file.write(encodeTensorsHeader(typed, {}));
      for (const shape of shapes.values()) {
        const bytes = 2 * shape.reduce((product, length) => product * length, 1);
        if (shape.length === 1) {
          await file.write(fromFloat32(new Float32Array(bytes / 2).fill(1), 'BF16'));
          continue;
        }
        // The same numbers again and again, each time from elsewhere: for sizes and speed they suffice.
        for (let done = 0; done < bytes; ) {
          const from = 2 * (begun++ % 1009);
          const part = numbers.subarray(from, from + bytes - done);
          await file.write(part);
          done += part.length;
        }
      }
    },
    { hashed: false },
  );
  return config;
}

/** Normal numbers with the deviation of initial weights, as bf16. */
function randomNumbers(config: LlamaConfig): Uint8Array {
  const one = { ...config, layers: 1, hiddenSize: 2048, heads: 16, kvHeads: 16 };
  const { data } = initialWeights(one, 1).get('model.layers.0.mlp.gate_proj.weight')!;
  return fromFloat32(data, 'BF16');
}
