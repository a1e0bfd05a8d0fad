/**
 * The grammar of documents with a fixed number of arbitrary symbols: the pixels of an image of one
 * size, or the codes of a grid. A state is the number of symbols so far.
 */
import type { ErrorCode } from '../../base/error.ts';
import { collectSymbols, type Grammar } from './grammar.ts';

export interface FixedLengthOptions {
  /** Title of the codec, for messages. */
  readonly codec: string;
  readonly invalidCode: ErrorCode;
  readonly alphabet: number;
  /** Number of symbols in a document. */
  readonly length: number;
  /** Names the place of the n-th symbol (from 0) in the document: `row 3, column 5`. */
  describe(place: number): string;
}

export function createFixedLengthGrammar(options: FixedLengthOptions): Grammar<number> {
  const { codec, invalidCode, alphabet, length } = options;
  const isAllowed = (state: number, symbol: number) =>
    state < length && symbol >= 0 && symbol < alphabet;
  const describe = (state: number) => (state < length ? options.describe(state) : 'the end');
  const grammar: Grammar<number> = {
    codec,
    invalidCode,
    start: () => 0,
    next: (state, symbol) => (isAllowed(state, symbol) ? state + 1 : undefined),
    allowedSymbols: (state) => collectSymbols(grammar, state, alphabet),
    isComplete: (state) => state === length,
    symbolsToFinish: (state) => length - state,
    // Each symbol brings the end one symbol nearer.
    longestDetour: () => 0,
    // All places that are far from the end are alike.
    contextKey: (state, reach) => Math.min(length - state, reach),
    describe,
    explain(state, symbol) {
      if (isAllowed(state, symbol)) return undefined;
      if (state >= length) return `a document has ${length} symbols`;
      return `${describe(state)}: the alphabet has ${alphabet} symbols`;
    },
  };
  return grammar;
}
