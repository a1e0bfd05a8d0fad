/**
 * Writes a model as a folder that Hugging Face transformers and vLLM load as a `LlamaForCausalLM`,
 * and reads such folders.
 */

import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import type { FloatType } from '../../base/safetensors/floats.ts';
import { streamSafetensors } from '../../base/safetensors/safetensors.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';
import { copyTokenizer } from '../../tokenizer/index.ts';
import {
  configFromHuggingFace,
  configToHuggingFace,
  generationConfig,
  type LlamaConfig,
  parameterShapes,
} from '../model/config.ts';
import { Llama } from '../model/llama.ts';
import type { TensorStream } from '../model/streams.ts';
import { hasHeadOfItsOwn, readModelWeights } from './model-weights.ts';
import { readModelJson, WEIGHTS_FILE } from './weight-files.ts';

/** Number formats in which a model is saved, with their names in safetensors and PyTorch. */
export const WEIGHT_FORMATS = {
  fp32: { dtype: 'F32', torch: 'float32' },
  bf16: { dtype: 'BF16', torch: 'bfloat16' },
  fp16: { dtype: 'F16', torch: 'float16' },
} as const satisfies Record<string, { dtype: FloatType; torch: string }>;

export type WeightFormat = keyof typeof WEIGHT_FORMATS;

export interface SaveOptions {
  /** Folder from which the tokenizer's files are copied, if they exist. */
  tokenizerDir?: string;
  /** Number format of the weights in the file. */
  precision?: WeightFormat;
}

/**
 * @param dir folder to write to; it is made if it does not exist, and its model files are replaced
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export function saveModel(dir: string, model: Llama, options?: SaveOptions): Promise<void> {
  return saveWeights(dir, model.config, weightsOf(model), options);
}

/**
 * The same from weights that come one after the other.
 * @param weights in the order of `parameterShapes`
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …; whatever the stream throws
 */
export async function saveWeights(
  dir: string,
  model: LlamaConfig,
  weights: TensorStream,
  { tokenizerDir, precision = 'fp32' }: SaveOptions = {},
): Promise<void> {
  const { dtype, torch } = WEIGHT_FORMATS[precision];
  const config = { ...configToHuggingFace(model), torch_dtype: torch, dtype: torch };
  try {
    await makeFolder(dir);
    await writeJson(join(dir, 'config.json'), config);
    await writeJson(join(dir, 'generation_config.json'), generationConfig(model));
    if (tokenizerDir !== undefined) await copyTokenizer(tokenizerDir, dir);
  } catch (error) {
    throw writeError(error, dir);
  }
  await streamSafetensors(join(dir, WEIGHTS_FILE), {
    shapes: parameterShapes(model),
    tensors: weights,
    dtype,
    // transformers refuses a file that does not name the framework of its layout.
    metadata: { format: 'pt' },
  });
}

/**
 * @param dir folder with config.json and model.safetensors, or with several weight files and their
 * index
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` for a model that this project does
 * not support
 */
export async function loadLlama(backend: Backend, dir: string): Promise<Llama> {
  const config = await readModelConfig(dir);
  const { path, weights } = await readModelWeights(dir, config);
  try {
    return new Llama(backend, config, weights);
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path}: ${messageOf(error)}`, {
      path,
      cause: error,
    });
  }
}

/**
 * Reads the configuration of a model. A tied configuration counts as not tied if the weights
 * contain another output layer.
 * @throws CodecLmError as `loadLlama`
 */
export async function readModelConfig(dir: string): Promise<LlamaConfig> {
  const path = join(dir, 'config.json');
  const config = configFromHuggingFace(await readModelJson(path), path);
  if (!config.tieEmbeddings) return config;
  return { ...config, tieEmbeddings: !(await hasHeadOfItsOwn(dir)) };
}

/** Copies of all weights, in the order of the computation. */
export async function readWeights(model: Llama): Promise<Weights> {
  const weights: Weights = new Map();
  for await (const [name, data] of weightsOf(model)) {
    weights.set(name, { shape: [...model.parameters.get(name)!.shape], data });
  }
  return weights;
}

async function* weightsOf(model: Llama) {
  for (const [name, variable] of model.parameters) {
    yield [name, await variable.data<'float32'>()] as const;
  }
}

function writeJson(path: string, value: unknown): Promise<void> {
  return replaceFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
