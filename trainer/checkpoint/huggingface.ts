/** A model as a folder that Hugging Face transformers and vLLM load as a `LlamaForCausalLM`, and back. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, fileError, messageOf } from '../../schemas/error.ts';
import type { Backend } from '../backend/choose.ts';
import {
  configFromHuggingFace,
  configToHuggingFace,
  generationConfig,
  parameterShapes,
} from '../model/config.ts';
import type { Weights } from '../model/init.ts';
import { Llama } from '../model/llama.ts';
import { writeFileAside } from './aside.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];

/**
 * @param dir made where it is missing; files of these names are replaced
 * @param tokenizerDir where the tokenizer's files are copied from, those that exist
 * @throws CodecLmError of the file system: `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function saveModel(dir: string, model: Llama, tokenizerDir?: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await writeJson(join(dir, 'config.json'), configToHuggingFace(model.config));
    await writeJson(join(dir, 'generation_config.json'), generationConfig(model.config));
    for (const name of tokenizerDir === undefined ? [] : TOKENIZER_FILES) {
      const source = join(tokenizerDir!, name);
      if (existsSync(source)) await copyFile(source, join(dir, name));
    }
  } catch (error) {
    throw fileError(error, 'writing', dir);
  }
  // transformers refuses a file that does not say which framework's layout it has.
  const metadata = { format: 'pt' };
  await writeSafetensors(join(dir, 'model.safetensors'), await readWeights(model), metadata);
}

/**
 * @param dir with config.json and model.safetensors
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` for what is no Llama of this project
 */
export async function loadModel(backend: Backend, dir: string): Promise<Llama> {
  const path = join(dir, 'config.json');
  const config = configFromHuggingFace(await readJson(path), path);
  const weightsPath = join(dir, 'model.safetensors');
  if (existsSync(`${weightsPath}.index.json`) && !existsSync(weightsPath)) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${dir}: weights in several files cannot be read`,
      {
        path: dir,
        hint: 'save it with max_shard_size larger than the model',
      },
    );
  }
  const { tensors } = await readSafetensors(weightsPath);
  const known = parameterShapes(config);
  for (const name of tensors.keys()) {
    if (known.has(name) || isRedundant(name, config.tieEmbeddings)) continue;
    throw new CodecLmError('CHECKPOINT_INVALID', `${weightsPath}: unknown weight ${name}`, {
      path: weightsPath,
      hint: 'the file is not that of a plain LlamaForCausalLM',
    });
  }
  try {
    return new Llama(backend, config, tensors);
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${weightsPath}: ${messageOf(error)}`, {
      path: weightsPath,
      cause: error,
    });
  }
}

/** Copies of all weights, in the order of the computation. */
export async function readWeights(model: Llama): Promise<Weights> {
  const weights: Weights = new Map();
  for (const [name, variable] of model.parameters) {
    const data = await variable.data<'float32'>();
    weights.set(name, { shape: [...variable.shape], data });
  }
  return weights;
}

/** Old checkpoints keep the rotary frequencies, and some of tied models the output layer again. */
function isRedundant(name: string, tieEmbeddings: boolean): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (tieEmbeddings && name === 'lm_head.weight');
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAside(path, `${JSON.stringify(value, null, 2)}\n`);
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, 'reading', path);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path}: no JSON: ${messageOf(error)}`, { path });
  }
}
