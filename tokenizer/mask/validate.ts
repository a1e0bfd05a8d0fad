/** A whole document against its grammar. */
import { CodecLmError } from '../../base/error.ts';
import type { Grammar } from './grammar.ts';

/**
 * Returns when `bytes` are a document of the grammar.
 * @throws CodecLmError with the grammar's `invalidCode` that names the first byte at
 *   which no document could go on, its place in the codec's terms, and the reason
 */
export function validateDocument<State>(bytes: Uint8Array, grammar: Grammar<State>): void {
  let state = grammar.start();
  for (let offset = 0; offset < bytes.length; offset++) {
    const next = grammar.next(state, bytes[offset]);
    if (next === undefined) {
      throw new CodecLmError(
        grammar.invalidCode,
        `not a canonical ${grammar.codec.toUpperCase()} document: byte ${offset} is ` +
          `${bytes[offset].toString(16).padStart(2, '0').toUpperCase()}: ${grammar.explain(state, bytes[offset])}`,
      );
    }
    state = next;
  }
  if (!grammar.isComplete(state)) {
    throw new CodecLmError(
      grammar.invalidCode,
      `not a canonical ${grammar.codec.toUpperCase()} document: it ends after ${bytes.length} bytes, ` +
        `at least ${grammar.bytesToFinish(state)} too early: ${grammar.describe(state)}`,
    );
  }
}
