/** Checks a whole document against its grammar. */
import { CodecLmError } from '../../base/error.ts';
import type { Symbols } from '../alphabet.ts';
import type { Grammar } from './grammar.ts';

/**
 * Returns normally when `symbols` are a document of the grammar.
 * @throws CodecLmError with the grammar's `invalidCode` that names the first symbol with which no
 *   document continues, its place in the codec's terms, and the reason
 */
export function validateDocument<State>(symbols: Symbols, grammar: Grammar<State>): void {
  const unit = symbols instanceof Uint8Array ? 'byte' : 'symbol';
  const named = (symbol: number) =>
    unit === 'byte' ? symbol.toString(16).padStart(2, '0').toUpperCase() : String(symbol);
  let state = grammar.start();
  for (let offset = 0; offset < symbols.length; offset++) {
    const next = grammar.next(state, symbols[offset]);
    if (next === undefined) {
      throw new CodecLmError(
        grammar.invalidCode,
        `not a canonical ${grammar.codec} document: ${unit} ${offset} is ` +
          `${named(symbols[offset])}: ${grammar.explain(state, symbols[offset])}`,
      );
    }
    state = next;
  }
  if (!grammar.isComplete(state)) {
    throw new CodecLmError(
      grammar.invalidCode,
      `not a canonical ${grammar.codec} document: it ends after ${symbols.length} ${unit}s, ` +
        `at least ${grammar.symbolsToFinish(state)} too early: ${grammar.describe(state)}`,
    );
  }
}
