/** Prompts: the beginnings of documents, which samples continue (paper, section 5.1). */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { Codec, PromptCut, Symbols, Tokenizer } from '../../tokenizer/index.ts';

export interface Prompt {
  /** Name of the file that it was made from. */
  name: string;
  /** Ids with `<bos>`. */
  ids: Uint16Array;
  /** The symbols of the whole original, and the number of them that are given. */
  original: Symbols;
  given: number;
}

/**
 * @param path a file, or a folder of files in order of their names
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, `USAGE`, or an error code of the codec;
 * the message names the file
 */
export async function readPrompts(
  path: string,
  cut: PromptCut,
  codec: Codec,
  tokenizer: Tokenizer,
): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for (const file of await filesOf(path)) {
    let source: Uint8Array;
    try {
      source = await readFile(file);
    } catch (error) {
      throw readError(error, file, 'reading the prompt');
    }
    prompts.push(await promptOf(source, file, cut, codec, tokenizer));
  }
  return prompts;
}

/** @param label name of the source, for messages */
export async function promptOf(
  source: Uint8Array,
  label: string,
  cut: PromptCut,
  codec: Codec,
  tokenizer: Tokenizer,
): Promise<Prompt> {
  const encoder = await codec.encoder({ mayBeShort: true });
  const { symbols: original } = await encoder.encode(source, label);
  const given = codec.cut(original, cut);
  const ids = tokenizer.encode(original.subarray(0, given));
  return {
    name: basename(label),
    ids: Uint16Array.of(tokenizer.bosId, ...ids),
    original,
    given,
  };
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => entry.name);
    if (names.length === 0) {
      throw new CodecLmError('INPUT_EMPTY', `there is no file in ${path}`, { path });
    }
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    throw readError(error, path, 'reading the prompts');
  }
}
