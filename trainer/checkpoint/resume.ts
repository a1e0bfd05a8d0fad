/** Reads all of a run's checkpoint. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { readSafetensors } from '../../base/safetensors/safetensors.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';
import { type RunState, runStateSchema } from '../../schemas/run.ts';
import type { Llama } from '../model/llama.ts';
import { OPTIMIZER_FILE, STATE_FILE } from './files.ts';
import { loadLlama } from './huggingface.ts';

export interface ResumedCheckpoint {
  path: string;
  state: RunState;
  model: Llama;
  /** Moments of AdamW, by their names in the file. */
  moments: Weights;
}

/** @throws CodecLmError `CHECKPOINT_INVALID` or `INPUT_NOT_FOUND` that names the file */
export async function loadCheckpoint(backend: Backend, path: string): Promise<ResumedCheckpoint> {
  // The small file first: it shows soonest that this is not a checkpoint of a run.
  const state = await readState(join(path, STATE_FILE));
  const { tensors } = await readSafetensors(join(path, OPTIMIZER_FILE));
  const model = await loadLlama(backend, path);
  return { path, state, model, moments: tensors };
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
