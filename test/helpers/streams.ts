/** Documents that no encoder wrote: drawn at random through a grammar. */

import { createJpegGrammar, type JpegGrammarOptions } from '../../tokenizer/codecs/jpeg/grammar.ts';
import type { Grammar } from '../../tokenizer/mask/grammar.ts';
import { idsOfMask, type MaskVocabulary, type TokenMask } from '../../tokenizer/mask/mask.ts';

export type RandomNumbers = () => number;

export function pick<Item>(items: readonly Item[], random: RandomNumbers): Item {
  return items[random() % items.length];
}

/** Sizes around the edges of MCUs, any quality, with and without the DC limit. */
export function randomGrammarOptions(random: RandomNumbers): Required<JpegGrammarOptions> {
  return {
    width: 1 + (random() % 40),
    height: 1 + (random() % 40),
    quality: 1 + (random() % 95),
    limitDc: random() % 4 !== 0,
  };
}

/** A document of random bytes that the grammar allows, each as likely as the others. */
export function randomDocument(options: JpegGrammarOptions, random: RandomNumbers): Uint8Array {
  const grammar = createJpegGrammar(options);
  const bytes: number[] = [];
  let state = grammar.start();
  while (!grammar.isComplete(state)) {
    // Drawn until one fits: the same odds as a draw from the allowed ones, without asking for all 256.
    const byte = random() & 255;
    const next = grammar.next(state, byte);
    if (next === undefined) continue;
    bytes.push(byte);
    state = next;
  }
  return Uint8Array.from(bytes);
}

/** Bytes of random tokens that a mask allows, up to `<eos>`. */
export function randomTokens(
  mask: TokenMask,
  vocabulary: MaskVocabulary,
  random: RandomNumbers,
  limit = Number.POSITIVE_INFINITY,
): { bytes: Uint8Array; tokens: number } {
  const parts: Uint8Array[] = [];
  let state = mask.start();
  for (let tokens = 1; ; tokens++) {
    const token = pick(idsOfMask(mask.allowed(state, { tokens: limit - tokens + 1 })), random);
    state = mask.advance(state, token)!;
    if (token === vocabulary.eosId) return { bytes: Buffer.concat(parts), tokens };
    parts.push(vocabulary.tokenSymbols(token) as Uint8Array);
  }
}

/** Whether a grammar takes all of the bytes as one document. */
export function accepts<State>(grammar: Grammar<State>, bytes: Uint8Array): boolean {
  let state: State | undefined = grammar.start();
  for (const byte of bytes) {
    state = grammar.next(state, byte);
    if (state === undefined) return false;
  }
  return grammar.isComplete(state);
}
