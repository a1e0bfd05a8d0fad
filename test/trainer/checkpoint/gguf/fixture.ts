/** Checkpoints of every kind that is exported, with random weights. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../../../base/safetensors/safetensors.ts';
import type { Weights } from '../../../../base/safetensors/weights.ts';
import { saveTokenizer, type Tokenizer } from '../../../../tokenizer/index.ts';
import { configToHuggingFace, type LlamaConfig } from '../../../../trainer/model/config.ts';
import { initialWeights } from '../../../../trainer/model/init.ts';
import { TOKENIZER } from '../../../helpers/checkpoint.ts';

export interface MadeModel {
  config: LlamaConfig;
  weights: Weights;
}

export async function makeModel(
  dir: string,
  changes: Partial<LlamaConfig> = {},
  tokenizer: Tokenizer = TOKENIZER,
): Promise<MadeModel> {
  const { bosId, eosId, padId, vocabSize } = tokenizer;
  const config: LlamaConfig = {
    ...{ vocabSize, bosId, eosId, padId },
    ...{ hiddenSize: 64, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 96 },
    ...{ ropeTheta: 500, normEps: 1e-6, tieEmbeddings: false, maxPositions: 128 },
    ...changes,
  };
  const weights = initialWeights(config, 7);
  // Norms of 1 and small weights would hide what is left out or in the wrong place.
  for (const { shape, data } of weights.values()) {
    data.forEach((value, i) => {
      data[i] = shape.length === 1 ? 1 + Math.sin(i) / 2 : value * 6;
    });
  }
  await mkdir(dir, { recursive: true });
  await saveTokenizer(dir, tokenizer);
  await writeFile(join(dir, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  await writeSafetensors(join(dir, 'model.safetensors'), weights);
  return { config, weights };
}
