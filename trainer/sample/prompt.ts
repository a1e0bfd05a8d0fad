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
  /** Given symbols behind the ids, if any: the first tokens drawn have to begin with them. */
  rest?: Symbols;
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
  tokenHealing = false,
): Promise<Prompt[]> {
  const prompts: Prompt[] = [];
  for (const file of await filesOf(path)) {
    let source: Uint8Array;
    try {
      source = await readFile(file);
    } catch (error) {
      throw readError(error, file, 'reading the prompt');
    }
    prompts.push(await promptOf(source, file, cut, codec, tokenizer, tokenHealing));
  }
  return prompts;
}

/**
 * @param label name of the source, for messages
 * @param tokenHealing leave out the ids at the end that a longer document might be without
 */
export async function promptOf(
  source: Uint8Array,
  label: string,
  cut: PromptCut,
  codec: Codec,
  tokenizer: Tokenizer,
  tokenHealing = false,
): Promise<Prompt> {
  const encoder = await codec.encoder({ mayBeShort: true });
  const { symbols: original } = await encoder.encode(source, label);
  const given = codec.cut(original, cut);
  return promptOfDocument(original, given, { name: basename(label), tokenizer, tokenHealing });
}

/** @param given the first symbols of `original` that the sample continues */
export function promptOfDocument(
  original: Symbols,
  given: number,
  { name, tokenizer, tokenHealing }: { name: string; tokenizer: Tokenizer; tokenHealing: boolean },
): Prompt {
  const symbols = original.subarray(0, given);
  const all = tokenizer.encode(symbols);
  const { ids, rest } = tokenHealing
    ? cutAtCertainToken(all, symbols, tokenizer)
    : { ids: all, rest: undefined };
  return { name, ids: Uint16Array.of(tokenizer.bosId, ...ids), rest, original, given };
}

/**
 * Finds the ids that a longer document has too, whatever it goes on with. At the first place where a
 * token may begin that reaches beyond the last symbol, the rest begins. A model has learned that a
 * shorter token is not followed by what the longer one holds: it would take the cut for a sign.
 * @param ids those of all `symbols`
 */
function cutAtCertainToken(ids: Uint16Array, symbols: Symbols, tokenizer: Tokenizer) {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.tokenSymbols(id));
  const longest = tokens.reduce((most, { length }) => Math.max(most, length), 0);
  let uncertain = Math.max(0, symbols.length - longest + 1);
  while (uncertain < symbols.length) {
    const end = symbols.subarray(uncertain);
    if (tokens.some((token) => token.length > end.length && beginsWith(token, end))) break;
    uncertain++;
  }
  let [kept, from] = [ids.length, symbols.length];
  while (from > uncertain) from -= tokens[ids[--kept]].length;
  const rest = from < symbols.length ? symbols.subarray(from) : undefined;
  return { ids: ids.subarray(0, kept), rest };
}

/** Whether the first symbols of `symbols` are `beginning`. */
export function beginsWith(symbols: Symbols, beginning: Symbols): boolean {
  return (
    beginning.length <= symbols.length && beginning.every((symbol, i) => symbol === symbols[i])
  );
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
