/** Loads the parts of a checkpoint that sampling needs: codec, tokenizer, engine. */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { readTokenizer } from '../../tokenizer/index.ts';
import type { Backend } from '../backend/choose.ts';
import { readModelConfig } from '../checkpoint/huggingface.ts';
import { readModelWeights } from '../checkpoint/model-weights.ts';
import { WEIGHTS_FILE } from '../checkpoint/weight-files.ts';
import type { LlamaConfig } from '../model/config.ts';
import { Llama } from '../model/llama.ts';
import { findCheckpoint } from '../run/directory.ts';
import { readSamplingCodec, type SamplingCodec } from './codec.ts';
import type { Engine } from './engine/engine.ts';
import { createTfjsEngine } from './engine/tfjs-engine.ts';
import { createWasmEngine, type EngineSize } from './engine/wasm-engine.ts';

export interface CheckpointParts {
  /** Folder of the checkpoint itself. */
  path: string;
  config: LlamaConfig;
  codec: SamplingCodec;
  tokenizer: Tokenizer;
}

/**
 * Reads all parts except the weights, which take longer.
 * @param path checkpoint folder, or a run directory for its newest one
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `TOKENIZER_INVALID`
 */
export async function readCheckpoint(path: string): Promise<CheckpointParts> {
  const found = await findCheckpoint(path);
  const [codec, tokenizer, config] = [
    await readSamplingCodec(found),
    await readTokenizer(found),
    await readModelConfig(found),
  ];
  if (tokenizer.alphabet !== codec.alphabet) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the tokenizer has ${tokenizer.alphabet} symbols, but documents of ${codec.definition.name} have ${codec.alphabet}`,
      { path: found },
    );
  }
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the tokenizer has ${tokenizer.vocabSize} ids, but the model has ${config.vocabSize}`,
      { path: found },
    );
  }
  return { path: found, config, codec, tokenizer };
}

/**
 * @param chooseBackend called only for a model that this project's own kernels do not support
 * @throws CodecLmError `CHECKPOINT_INVALID`, `BACKEND_UNAVAILABLE`
 */
export async function loadEngine(
  { path, config }: CheckpointParts,
  size: EngineSize,
  chooseBackend: () => Promise<Backend>,
): Promise<Engine> {
  const { weights } = await readModelWeights(path, config);
  const engine = createWasmEngine(config, weights, size);
  if (engine) return engine;
  const model = new Llama(await chooseBackend(), config, weights);
  return createTfjsEngine(model, size.sequences, size.positions);
}

/**
 * sha256 in hex of the weights (of their index, if there are several files): it identifies the
 * source of a sample.
 */
export async function checkpointHash({ path }: CheckpointParts): Promise<string> {
  const single = join(path, WEIGHTS_FILE);
  const file = existsSync(single) ? single : `${single}.index.json`;
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(error, file);
  }
  return hash.digest('hex');
}
