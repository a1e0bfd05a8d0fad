/** Starts a run from a checkpoint made elsewhere: any Llama in Hugging Face's layout. */

import type { Weights } from '../../base/safetensors/weights.ts';
import type { LlamaConfig } from '../model/config.ts';
import { parameterShapes } from '../model/config.ts';
import { initialSource } from '../model/init.ts';
import { readModelConfig } from './huggingface.ts';
import { readModelWeights } from './model-weights.ts';

/**
 * The keys of `model.` that the checkpoint determines.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`
 */
export async function modelSettingsOf(dir: string): Promise<Record<string, unknown>> {
  const config = await readModelConfig(dir);
  const { hiddenSize, layers, heads, kvHeads, intermediateSize } = config;
  const { ropeTheta, normEps, tieEmbeddings, qkNorm } = config;
  return {
    hiddenSize,
    layers,
    heads,
    kvHeads,
    intermediateSize,
    ropeTheta,
    normEps,
    tieEmbeddings,
    qkNorm,
  };
}

/**
 * Weights for a model of `config`. If the checkpoint has another vocabulary, its embedding and
 * output layer cannot be used: they start anew from the seed.
 * @param widthRatio for the weights that start anew; see `widthScale`
 * @returns the weights, and the names of those that start anew
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`
 */
export async function startFrom(
  dir: string,
  config: LlamaConfig,
  seed: number,
  widthRatio = 1,
): Promise<{ weights: Weights; fresh: string[] }> {
  const source = await readModelConfig(dir);
  const { weights } = await readModelWeights(dir, source);
  if (source.vocabSize === config.vocabSize) return { weights, fresh: [] };
  const fresh = [...parameterShapes(config).keys()].filter((name) =>
    /embed_tokens|lm_head/.test(name),
  );
  const initial = initialSource(config, seed, widthRatio);
  for (const name of fresh) weights.set(name, initial.get(name)!);
  return { weights, fresh };
}
