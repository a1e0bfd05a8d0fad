/** Opens a run's checkpoint: its state is read at once, its tensors one after the other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { listSafetensors } from '../../base/safetensors/safetensors.ts';
import { readFloats } from '../../base/safetensors/stored.ts';
import type { CodecInfo } from '../../schemas/dataset.ts';
import { type RunState, runStateSchema } from '../../schemas/run.ts';
import { momentShapes } from '../distributed/ranked.ts';
import { type LlamaConfig, parameterShapes } from '../model/config.ts';
import type { NamedArray, TensorStream } from '../model/streams.ts';
import { readCodecFile } from './codec-file.ts';
import { CODEC_FILE, OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { readModelConfig } from './huggingface.ts';
import { modelTensors } from './model-weights.ts';

export interface StoredCheckpoint {
  path: string;
  state: RunState;
  config: LlamaConfig;
  codec: CodecInfo;
  /**
   * All weights in the order of the computation; they are checked as they are read.
   * @throws CodecLmError `CHECKPOINT_INVALID` that names file and tensor
   */
  weights(): TensorStream;
  /** Moments of AdamW, in the order of `momentShapes`. Throws as `weights`. */
  moments(): TensorStream;
}

/** @throws CodecLmError `CHECKPOINT_INVALID` or `INPUT_NOT_FOUND` that names the file */
export async function openCheckpoint(path: string): Promise<StoredCheckpoint> {
  // The small file first: it shows soonest that this is not a checkpoint of a run.
  const state = await readState(join(path, STATE_FILE));
  const config = await readModelConfig(path);
  const { codec } = await readCodecFile(join(path, CODEC_FILE));
  return {
    ...{ path, state, config, codec },
    weights: () => modelTensors(path, config),
    moments: () => readMoments(join(path, OPTIMIZER_FILE), config),
  };
}

async function* readMoments(file: string, config: LlamaConfig): AsyncGenerator<NamedArray, void> {
  const stored = await listSafetensors(file);
  const parameters = [...parameterShapes(config)].map(
    ([name, shape]) => [name, { shape }] as const,
  );
  const shapes = momentShapes(new Map(parameters));
  // Names and shapes of all, before the first is read.
  for (const [key, shape] of shapes) {
    const found = stored.get(key);
    if (found?.shape.join() === shape.join()) continue;
    const what = found ? `is [${found.shape}], expected [${shape}]` : 'is missing';
    throw new CodecLmError('CHECKPOINT_INVALID', `${file}: the optimizer's tensor ${key} ${what}`, {
      path: file,
    });
  }
  for (const key of shapes.keys()) yield [key, await readFloats(key, stored.get(key)!, file)];
}

async function readState(path: string): Promise<RunState> {
  try {
    const text = await readFile(path, 'utf8').catch((error) => {
      throw readError(error, path);
    });
    return runStateSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof CodecLmError && error.code !== 'INPUT_NOT_FOUND') throw error;
    throw new CodecLmError('CHECKPOINT_INVALID', `${path}: ${messageOf(error)}`, {
      cause: error,
      path,
      hint: 'a checkpoint that a run resumes from is made by `trainer fit`',
    });
  }
}
