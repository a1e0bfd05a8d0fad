/** What a drawn sample has become: a file that a viewer opens, or symbols that are no document. */

import { CodecLmError } from '../../base/error.ts';
import { BYTES, type Codec, type Symbols } from '../../tokenizer/index.ts';
import type { Finish } from './batcher.ts';
import type { DrawnSample } from './generate.ts';

/** A sample as `sample` gives it. */
export interface Sample {
  /** Number of the sample; with the seed it decides all random numbers. */
  index: number;
  /** Name of what it goes on from. */
  prompt?: string;
  /** Its symbols, those of the prompt first; bytes for most codecs. */
  document: Symbols;
  /** How many of the symbols were given. */
  given: number;
  /** What a viewer opens; null where the document is not whole. */
  file: Uint8Array | null;
  /** Of the file, with its dot. */
  extension: string;
  mime: string;
  /** Why there is no file. */
  reason?: string;
  /** Drawn ids, without the prompt and `<eos>`. */
  ids: readonly number[];
  /** Tokens that were given, `<bos>` counted, and tokens drawn, `<eos>` counted. */
  promptTokens: number;
  tokens: number;
  /** `eos`: the model ended it; `length`: cut off by the limit. */
  finish: Finish;
  /** Mean ln p of its tokens under the unfiltered model. */
  logProbability: number;
  /** Tokens of which the grammar forbade the model's favourite. */
  corrected: number;
}

/** Makes the file; a document that is not whole is no error. */
export async function finishSample(
  { plan, generation, document }: DrawnSample,
  codec: Codec,
): Promise<Sample> {
  const { index, prompt } = plan;
  const { tokens, finish, corrected, ids } = generation;
  let file: Uint8Array | null = null;
  let reason: string | undefined;
  try {
    file = await codec.view(document);
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    reason = error.message;
  }
  return {
    index,
    prompt: prompt?.name,
    document,
    given: prompt?.given ?? 0,
    file,
    ...codec.definition.file,
    reason,
    ids,
    promptTokens: prompt?.ids.length ?? 1,
    tokens,
    finish,
    logProbability: Number((generation.logProbability / tokens).toFixed(6)),
    corrected,
  };
}

/** Under the name that says which it is: the alphabet is of bytes or not. */
export function lengthOf(
  { length }: Symbols,
  alphabet: number,
): { bytes?: number; symbols?: number } {
  return alphabet === BYTES ? { bytes: length } : { symbols: length };
}
