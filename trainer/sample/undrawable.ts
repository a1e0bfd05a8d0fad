/** Ids that belong to no document. */
import { CodecLmError } from '../../base/error.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';

/**
 * Ids that are never drawn, whether a grammar asks or not: `<bos>`, `<pad>` and other specials, and ids
 * that are none of the tokenizer's, as some models have.
 * @param vocabSize of the model
 */
export function undrawableIds(tokenizer: Tokenizer, vocabSize: number): number[] {
  const { bosId, eosId, padId, opening } = tokenizer;
  return Array.from({ length: vocabSize }, (_, id) => id).filter((id) => {
    // A tokenizer without a <pad> pads with <eos>.
    if (id === eosId) return false;
    if (opening?.has(id)) return false;
    return id === bosId || id === padId || !hasSymbols(tokenizer, id);
  });
}

function hasSymbols(tokenizer: Tokenizer, id: number): boolean {
  try {
    return tokenizer.tokenSymbols(id).length > 0;
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'TOKEN_INVALID') return false;
    throw error;
  }
}
