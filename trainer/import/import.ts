/** Any Llama in a Hugging Face folder as a checkpoint of ours. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { copyTokenizer, readTokenizer, type Tokenizer } from '../../tokenizer/index.ts';
import { isFree } from '../checkpoint/export.ts';
import { CODEC_FILE, IMPORT_FILE } from '../checkpoint/files.ts';
import { readModelConfig } from '../checkpoint/huggingface.ts';
import { chosenPlaces, EMBEDDING, HEAD } from '../checkpoint/model-weights.ts';
import { findWeights, WEIGHTS_FILE, type WeightPlace } from '../checkpoint/weight-files.ts';
import {
  configToHuggingFace,
  generationConfig,
  type LlamaConfig,
  parameterCount,
} from '../model/config.ts';
import { type CodecChoice, openChoice } from '../sample/codec.ts';
import { checkTogether } from '../sample/load.ts';
import { importOriginOf } from './origin.ts';
import { mainTypeOf, weightBytes, writePlaces } from './write.ts';

/** How much of the weights has been written, in bytes. */
export interface ImportProgress {
  type: 'progress';
  done: number;
  total: number;
}

export interface ImportOptions {
  /** Folder with config.json, weights of safetensors or torch, and a tokenizer. */
  from: string;
  /** Made here; it appears whole or not at all. */
  to: string;
  /** Codec of the files that the model writes; the folder does not contain it. */
  codec: CodecChoice;
  onEvent?: (event: ImportProgress) => void;
  /** Ends the import; nothing is left of it. */
  signal?: AbortSignal;
}

export interface Imported {
  path: string;
  from: string;
  parameters: number;
  /** Number format of the weights: `bfloat16`. */
  dtype: string;
  vocabSize: number;
  codec: { name: string; settings: Readonly<Record<string, unknown>> };
  /** Size of its images or frames in pixels. */
  width: number;
  height: number;
  seqLen: number;
}

/**
 * The weights keep every bit, and go through memory one after the other.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something; `INPUT_NOT_FOUND`,
 *   `CHECKPOINT_INVALID`, `TOKENIZER_INVALID` that name file and tensor; `CODEC_UNKNOWN`, `CONFIG_INVALID`
 */
export async function importModel(options: ImportOptions): Promise<Imported> {
  const { from, to, onEvent, signal } = options;
  if (!(await isFree(to))) {
    throw new CodecLmError('OUTPUT_IN_USE', `${to} is not an empty folder`, {
      path: to,
      hint: 'name another folder as `to`',
    });
  }
  const source = await readModelConfig(from);
  const weights = await findWeights(from);
  const places = renamed(chosenPlaces(weights, source));
  const tokenizer = await readTokenizer(from);
  const config = withTokenizer(source, tokenizer);
  const { codec, recorded } = await openChoice(options.codec, config.maxPositions);
  checkTogether(from, codec, tokenizer, config);
  const [dtype, total] = [mainTypeOf(places), weightBytes(places)];
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onEvent?.({ type: 'progress', done, total });
  };
  try {
    await writeFolderAtomically(to, async (aside) => {
      const types = { torch_dtype: dtype, dtype };
      await writeJson(join(aside, 'config.json'), { ...configToHuggingFace(config), ...types });
      await writeJson(join(aside, 'generation_config.json'), generationConfig(config));
      await copyTokenizer(from, aside);
      await writeJson(join(aside, CODEC_FILE), recorded);
      await writePlaces(join(aside, WEIGHTS_FILE), places, { onBytes, signal });
      await writeJson(join(aside, IMPORT_FILE), await importOriginOf(from, weights.files, signal));
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw writeError(error, to, 'importing the model');
  }
  return {
    ...{ path: to, from, dtype, vocabSize: config.vocabSize },
    parameters: parameterCount(config),
    codec: { name: recorded.codec.name, settings: recorded.codec.settings },
    ...{ width: codec.width, height: codec.height },
    seqLen: recorded.seqLen,
  };
}

/** In the order of the computation, and an embedding under its own name. */
function renamed(chosen: ReadonlyMap<string, WeightPlace>): Map<string, WeightPlace> {
  const places = [...chosen].map(
    ([name, place]) => [name === HEAD && !chosen.has(EMBEDDING) ? EMBEDDING : name, place] as const,
  );
  return new Map(places);
}

/** Tokens begin and end documents as the tokenizer says: who loads the checkpoint finds one answer. */
function withTokenizer(config: LlamaConfig, { bosId, eosId }: Tokenizer): LlamaConfig {
  return { ...config, bosId, eosId };
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
