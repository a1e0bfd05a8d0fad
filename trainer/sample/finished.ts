/** A finished sample: a file that a viewer opens, or symbols that are not a document. */

import { CodecLmError } from '../../base/error.ts';
import { BYTES, type Codec, type Symbols } from '../../tokenizer/index.ts';
import type { Finish } from './batch/job.ts';
import type { DrawnSample } from './generate.ts';

/** A sample as `sample` yields it. */
export interface Sample {
  /** Number of the sample; together with the seed it determines all random numbers. */
  index: number;
  /** Name of the prompt. */
  prompt?: string;
  /** Its symbols (bytes for most codecs), beginning with those of the prompt. */
  document: Symbols;
  /** Number of symbols that were given. */
  given: number;
  /** File that a viewer opens; null if the document is not complete. */
  file: Uint8Array | null;
  /** Extension of the file, with its dot. */
  extension: string;
  mime: string;
  /** Reason why there is no file. */
  reason?: string;
  /** Drawn ids, without the prompt and `<eos>`. */
  ids: readonly number[];
  /** Number of given tokens, including `<bos>`, and of drawn tokens, including `<eos>`. */
  promptTokens: number;
  tokens: number;
  /** `eos`: the model ended it; `length`: it reached the limit. */
  finish: Finish;
  /** Mean ln p of its tokens under the unfiltered model. */
  logProbability: number;
  /** Number of tokens at which the grammar forbade the most likely token. */
  corrected: number;
}

/** Makes the file; a document that is not complete is not an error. */
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

/** The length under a name that depends on the alphabet: `bytes` or `symbols`. */
export function lengthOf(
  { length }: Symbols,
  alphabet: number,
): { bytes?: number; symbols?: number } {
  return alphabet === BYTES ? { bytes: length } : { symbols: length };
}
