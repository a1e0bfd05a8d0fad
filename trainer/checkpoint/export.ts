/** A model to give away: weights, configuration, tokenizer and codec, without what a run resumes from. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { copySmallFile } from '../../base/files.ts';
import type { Backend } from '../backend/choose.ts';
import { findCheckpoint } from '../run/directory.ts';
import { writeFolderAside } from './aside.ts';
import { CODEC_FILE } from './files.ts';
import { loadModel, type Precision, saveModel } from './huggingface.ts';

export interface ExportOptions {
  /** Checkpoint folder, or a run whose newest one is meant. */
  checkpoint: string;
  /** Made here; it appears whole or not at all. */
  to: string;
  /** Of the weights. */
  precision: Precision;
  /** Loaded only when the folders have been found good. */
  chooseBackend: () => Promise<Backend>;
}

export interface Exported {
  path: string;
  /** The checkpoint it was made of. */
  from: string;
  precision: Precision;
}

/**
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something; `INPUT_NOT_FOUND` or
 *   `CHECKPOINT_INVALID` for what is no checkpoint
 */
export async function exportModel(options: ExportOptions): Promise<Exported> {
  const { to: path, precision } = options;
  const from = await findCheckpoint(options.checkpoint);
  if (!(await isFree(path))) {
    throw new CodecLmError('OUTPUT_IN_USE', `${path} is not an empty folder`, {
      path,
      hint: 'name another folder as `to`',
    });
  }
  const model = await loadModel(await options.chooseBackend(), from);
  try {
    await writeFolderAside(path, async (aside) => {
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

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    if (systemCode(error) === 'ENOTDIR') return false;
    throw writeError(error, folder);
  }
}
