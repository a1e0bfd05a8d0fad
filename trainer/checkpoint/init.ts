/** Starts a run from a checkpoint made elsewhere: any Llama in Hugging Face's layout. */

import type { Weights } from '../../base/safetensors/weights.ts';
import type { LlamaConfig } from '../model/config.ts';
import { parameterShapes } from '../model/config.ts';
import { initialSource } from '../model/init.ts';
import type { NamedArray, TensorStream } from '../model/streams.ts';
import { readModelConfig } from './huggingface.ts';
import { modelTensors } from './model-weights.ts';

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
 * Weights for a model of `config`, one after the other. If the checkpoint has another vocabulary, its
 * embedding and output layer cannot be used: they start anew from the seed.
 * @param widthRatio for the weights that start anew; see `widthScale`
 * @returns the weights, and the names of those that start anew
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`; the stream throws the latter too
 */
export async function openStart(
  dir: string,
  config: LlamaConfig,
  seed: number,
  widthRatio = 1,
): Promise<{ weights: TensorStream; fresh: string[] }> {
  const source = await readModelConfig(dir);
  const isSame = source.vocabSize === config.vocabSize;
  const fresh = isSame
    ? []
    : [...parameterShapes(config).keys()].filter((name) => /embed_tokens|lm_head/.test(name));
  const initial = initialSource(config, seed, widthRatio);
  async function* weights(): AsyncGenerator<NamedArray, void> {
    for (const name of fresh) yield [name, initial.get(name)!.data];
    for await (const [name, data] of modelTensors(dir, source)) {
      if (!fresh.includes(name)) yield [name, data];
    }
  }
  return { weights: weights(), fresh };
}

/**
 * The same with all weights at once.
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`
 */
export async function startFrom(
  dir: string,
  config: LlamaConfig,
  seed: number,
  widthRatio = 1,
): Promise<{ weights: Weights; fresh: string[] }> {
  const { weights: stream, fresh } = await openStart(dir, config, seed, widthRatio);
  const weights: Weights = new Map();
  const shapes = parameterShapes(config);
  for await (const [name, data] of stream)
    weights.set(name, { shape: shapes.get(name) ?? [], data });
  return { weights, fresh };
}
