/**
 * Exports a model: weights, configuration, tokenizer and codec, without the files that a run
 * resumes from.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { copySmallFile, makeFolder } from '../../base/files.ts';
import { type BackendChoice, chooseBackend } from '../../compute/choose.ts';
import type { BackendEvent } from '../../compute/event.ts';
import { findCheckpoint } from '../run/directory.ts';
import { CODEC_FILE } from './files.ts';
import type { GgufPrecision } from './gguf/types.ts';
import { writeGguf } from './gguf/write.ts';
import { loadLlama, saveModel, WEIGHT_FORMATS, type WeightFormat } from './huggingface.ts';

/** `huggingface`: a folder for transformers and vLLM. `gguf`: a file for llama.cpp. */
export type ExportFormat = 'huggingface' | 'gguf';

/** `q8_0` is llama.cpp's: blocks of 32 signed bytes with a scale. */
export type ExportPrecision = WeightFormat | GgufPrecision;

export interface ExportOptions {
  /** Checkpoint folder, or a run directory to use its newest checkpoint. */
  checkpoint: string;
  /** Folder (for `gguf` a file), made here; it appears complete or not at all. */
  to: string;
  /** Default `huggingface`. */
  format?: ExportFormat;
  /** Format of the weights, rounded to the nearest; default `bf16`. `q8_0` is for `gguf`. */
  precision?: ExportPrecision;
  /** Compute backend; default CODEC_LM_BACKEND, else native if it is set up. */
  backend?: BackendChoice;
  onEvent?: (event: BackendEvent) => void;
}

export interface Exported {
  path: string;
  /** The checkpoint that was exported. */
  from: string;
  precision: ExportPrecision;
}

/**
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something, or a file that is there;
 *   `INPUT_NOT_FOUND` or `CHECKPOINT_INVALID` when there is no valid checkpoint; `CONFIG_INVALID` for a
 *   precision that the format or the shape of the model does not have; for `gguf` also
 *   `TOKENIZER_INVALID`, and `NOT_FINITE` for a weight beyond fp16
 */
export async function exportCheckpoint(options: ExportOptions): Promise<Exported> {
  const { to: path, format = 'huggingface', precision = 'bf16' } = options;
  const from = await findCheckpoint(options.checkpoint);
  if (format === 'gguf') await exportFile(from, path, precision);
  else await exportFolder(from, path, weightFormat(precision), options);
  return { path, from, precision };
}

async function exportFile(from: string, path: string, precision: GgufPrecision): Promise<void> {
  if (existsSync(path)) {
    throw new CodecLmError('OUTPUT_IN_USE', `${path} exists`, {
      path,
      hint: 'name another file as `to`',
    });
  }
  try {
    await makeFolder(dirname(path));
    await writeGguf(from, path, precision);
  } catch (error) {
    throw writeError(error, path, 'exporting the model');
  }
}

async function exportFolder(
  from: string,
  path: string,
  precision: WeightFormat,
  { backend, onEvent }: ExportOptions,
): Promise<void> {
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
}

/** @throws CodecLmError `CONFIG_INVALID` */
function weightFormat(precision: ExportPrecision): WeightFormat {
  if (precision in WEIGHT_FORMATS) return precision as WeightFormat;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `the Hugging Face layout has ${Object.keys(WEIGHT_FORMATS).join(', ')}, not ${precision}`,
    { hint: 'set `format` to gguf, or take another `precision`' },
  );
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
