/**
 * Exports a model: weights, configuration, tokenizer and codec, without the files that a run
 * resumes from.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { copySmallFile } from '../../base/files.ts';
import { type BackendChoice, chooseBackend } from '../backend/choose.ts';
import type { BackendEvent } from '../events.ts';
import { findCheckpoint } from '../run/directory.ts';
import { CODEC_FILE } from './files.ts';
import { loadLlama, saveModel, type WeightFormat } from './huggingface.ts';

export interface ExportOptions {
  /** Checkpoint folder, or a run directory to use its newest checkpoint. */
  checkpoint: string;
  /** Folder to write; it appears complete or not at all. */
  to: string;
  /** Format of the weights, rounded to the nearest; default `bf16`. */
  precision?: WeightFormat;
  /** Compute backend; default CODEC_LM_BACKEND, else native if it is set up. */
  backend?: BackendChoice;
  onEvent?: (event: BackendEvent) => void;
}

export interface Exported {
  path: string;
  /** The checkpoint that was exported. */
  from: string;
  precision: WeightFormat;
}

/**
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that is not empty; `INPUT_NOT_FOUND` or
 *   `CHECKPOINT_INVALID` when there is no valid checkpoint
 */
export async function exportCheckpoint(options: ExportOptions): Promise<Exported> {
  const { to: path, precision = 'bf16', backend, onEvent } = options;
  const from = await findCheckpoint(options.checkpoint);
  if (!(await isFree(path))) {
    throw new CodecLmError('OUTPUT_IN_USE', `${path} is not an empty folder`, {
      path,
      hint: 'name another folder as `to`',
    });
  }
  // Load the backend only after the folders have been checked.
  const model = await loadLlama(await chooseBackend({ backend, onEvent }), from);
  try {
    await writeFolderAtomically(path, async (aside) => {
      await saveModel(aside, model, { tokenizerDir: from, precision });
      const codec = join(from, CODEC_FILE);
      if (existsSync(codec)) await copySmallFile(codec, join(aside, CODEC_FILE));
    });
  } catch (error) {
    throw writeError(error, path, 'exporting the model');
  } finally {
    model.dispose();
  }
  return { path, from, precision };
}

/** Whether a folder is empty or not there yet. */
export async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    if (systemCode(error) === 'ENOTDIR') return false;
    throw writeError(error, folder);
  }
}
