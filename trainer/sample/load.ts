/** Loads the parts of a checkpoint that sampling needs: codec, tokenizer, engine. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { Backend } from '../../compute/choose.ts';
import { type Codec, readTokenizer, type Tokenizer } from '../../tokenizer/index.ts';
import { readModelConfig } from '../checkpoint/huggingface.ts';
import { readModelWeights } from '../checkpoint/model-weights.ts';
import { openModelWeights } from '../checkpoint/stream-weights.ts';
import { findWeights } from '../checkpoint/weight-files.ts';
import type { EngineRemark, LoadEvent } from '../events.ts';
import { type LlamaConfig, parameterShapes } from '../model/config.ts';
import { Llama } from '../model/llama.ts';
import { findCheckpoint } from '../run/directory.ts';
import { localCheckpoint } from '../run/remote/model.ts';
import { type CodecChoice, readSamplingCodec, type SamplingCodec } from './codec.ts';
import { chooseEngine, type SamplerSize } from './engine/choose.ts';
import type { Engine } from './engine/engine.ts';
import { loadNativeEngine } from './engine/native/native-engine.ts';
import type { NativeWeights } from './engine/native/ops.ts';
import { createTfjsEngine } from './engine/tfjs-engine.ts';
import { loadWasmEngine } from './engine/wasm-engine.ts';

export interface CheckpointParts {
  /** Folder of the checkpoint itself. */
  path: string;
  config: LlamaConfig;
  codec: SamplingCodec;
  tokenizer: Tokenizer;
}

/**
 * Reads all parts except the weights, which take longer.
 * @param path checkpoint folder, or a run directory for its newest one; local or `s3://…`
 * @param choice the codec of a folder that does not say
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `TOKENIZER_INVALID`; what
 *   `readSamplingCodec` throws
 */
export async function readCheckpoint(path: string, choice?: CodecChoice): Promise<CheckpointParts> {
  const found = await findCheckpoint(await localCheckpoint(path));
  const config = await readModelConfig(found);
  const codec = await readSamplingCodec(found, choice, config.maxPositions);
  const tokenizer = await readTokenizer(found);
  checkTogether(found, codec, tokenizer, config);
  return { path: found, config, codec, tokenizer };
}

/**
 * @param path of the folder, for messages
 * @throws CodecLmError `CHECKPOINT_INVALID` for parts that are not of one model
 */
export function checkTogether(
  path: string,
  codec: Codec,
  tokenizer: Tokenizer,
  config: LlamaConfig,
): void {
  if (tokenizer.alphabet !== codec.alphabet) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the tokenizer has ${tokenizer.alphabet} symbols, but documents of ${codec.definition.name} have ${codec.alphabet}`,
      { path },
    );
  }
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the tokenizer has ${tokenizer.vocabSize} ids, but the model has ${config.vocabSize}`,
      { path },
    );
  }
}

/**
 * @param size its `weights` are the checkpoint's own type by default
 * @param chooseBackend called only for a model that this project's own kernels do not support
 * @throws CodecLmError `CHECKPOINT_INVALID`, `BACKEND_UNAVAILABLE`, `MEMORY_LIMIT`; `CONFIG_INVALID`
 *   if the engine or the sizes of the model do not allow these formats
 */
export async function loadEngine(
  { path, config }: CheckpointParts,
  size: SamplerSize,
  chooseBackend: () => Promise<Backend>,
  onEvent?: (event: LoadEvent | EngineRemark) => void,
): Promise<Engine> {
  const stored = await openModelWeights(path, config);
  const wanted = size.weights ?? stored.type;
  const told = async function* () {
    let bytes = 0;
    for await (const weight of stored.read()) {
      yield weight;
      bytes += weight.bytes;
      onEvent?.({ type: 'loading', bytes, totalBytes: stored.bytes });
    }
  };
  const { name, remark } = chooseEngine(config, size, wanted);
  if (remark) onEvent?.({ type: 'engine', remark });
  if (name === 'native') {
    const shapes = parameterShapes(config);
    const weights = wanted as NativeWeights;
    return loadNativeEngine(config, { ...size, weights }, async (write) => {
      for await (const { name, data } of told()) await write(name, shapes.get(name)!, data);
    });
  }
  const engine = await loadWasmEngine(
    config,
    { ...size, weights: wanted },
    async (sink, remark) => {
      if (remark) onEvent?.({ type: 'engine', remark });
      for await (const { name, data } of told()) await sink.write(name, 0, data);
    },
  );
  if (engine) return engine;
  for (const name of ['weights', 'cache'] as const) {
    const type = size[name] ?? 'fp32';
    if (type === 'fp32') continue;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `${name} ${type}: a model of these sizes is computed by tfjs, which holds fp32`,
      { path, hint: `leave the ${name} as fp32` },
    );
  }
  const { weights } = await readModelWeights(path, config);
  const model = new Llama(await chooseBackend(), config, weights);
  return createTfjsEngine(model, size.sequences, size.positions);
}

/**
 * sha256 in hex of the weights (of their index, if there are several files): it identifies the
 * source of a sample.
 */
export async function checkpointHash({ path }: CheckpointParts): Promise<string> {
  const { path: file } = await findWeights(path);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(error, file);
  }
  return hash.digest('hex');
}
