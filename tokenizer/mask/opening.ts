/**
 * Masks for vocabularies some of whose tokens have their symbols at the beginning of a document alone
 * (sentencepiece's `▁`, which vanishes there and is a space elsewhere).
 */
import type { Grammar } from './grammar.ts';
import { createTokenMask, type MaskVocabulary, type TokenMask } from './mask.ts';

export interface OpeningVocabulary extends MaskVocabulary {
  /** Tokens whose symbols count at the beginning of a document alone; those without any may stand there too. */
  readonly opening?: ReadonlySet<number>;
}

/** State of the grammar, and whether a token has been taken. */
export interface DocumentState<State> {
  readonly at: State;
  readonly isBegun: boolean;
}

/**
 * A mask for whole documents, from their first token on.
 * @throws CodecLmError `TOKENIZER_INVALID` when some symbol is not a token of its own
 */
export function createDocumentMask<State>(
  grammar: Grammar<State>,
  vocabulary: OpeningVocabulary,
): TokenMask<DocumentState<State>> {
  const { opening = new Set<number>(), alphabet, vocabSize, bosId, eosId, padId } = vocabulary;
  const inner = createTokenMask(grammar, {
    ...{ alphabet, vocabSize, bosId, eosId, padId },
    tokenSymbols: (id) => (opening.has(id) ? new Uint8Array() : vocabulary.tokenSymbols(id)),
  });
  const first = opening.size === 0 ? inner : createTokenMask(grammar, vocabulary);
  const empty = [...opening].filter((id) => vocabulary.tokenSymbols(id).length === 0);

  return {
    start: () => ({ at: grammar.start(), isBegun: false }),

    allowed({ at, isBegun }, budget = {}) {
      if (isBegun) return inner.allowed(at, budget);
      const mask = first.allowed(at, budget);
      const { tokens = Infinity } = budget;
      if (empty.length === 0 || inner.tokensToFinish(at) > tokens - 1) return mask;
      const wider = mask.slice();
      for (const id of empty) wider[id >> 5] |= 1 << (id & 31);
      return wider;
    },

    advance({ at, isBegun }, token) {
      if (!isBegun && empty.includes(token)) return { at, isBegun: true };
      const after = (isBegun ? inner : first).advance(at, token);
      return after === undefined ? undefined : { at: after, isBegun: true };
    },

    tokensToFinish: ({ at }) => inner.tokensToFinish(at),
  };
}
