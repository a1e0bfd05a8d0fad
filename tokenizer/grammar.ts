/**
 * What a codec's grammar is to the sampler and to `shards verify`: an automaton
 * over bytes that accepts exactly the canonical documents of one image or video
 * size. A state is a value: it can be kept, compared and branched from at will.
 */
import type { ErrorCode } from '../schemas/error.ts';

export interface Grammar<State = number> {
  readonly codec: 'jpeg' | 'avc';
  /** The code of the error that a document breaking this grammar is reported with. */
  readonly invalidCode: ErrorCode;
  /**
   * No allowed string of bytes, however long, leads to a state whose
   * `bytesToFinish` is larger by more than this. With more slack than that, a
   * length limit takes nothing away.
   */
  readonly longestDetour: number;

  /** The state before the first byte. */
  start(): State;

  /**
   * The state after one more byte, or undefined where no document goes on so.
   * Every state that is returned can be finished: there are no dead ends.
   */
  next(state: State, byte: number): State | undefined;

  /** Which bytes may come next: bit `b & 31` of word `b >> 5`. Shape: [8]. */
  allowedBytes(state: State): Uint32Array;

  /** Whether the bytes so far are a whole document. Nothing may follow one. */
  isComplete(state: State): boolean;

  /** The fewest bytes from here to a whole document; 0 exactly when it is complete. */
  bytesToFinish(state: State): number;

  /**
   * A key that is equal only for states which allow the same strings of up to
   * `reach` bytes. It leaves out what lies further off (in a JPEG, how many MCUs
   * are still to come), so that masks of different places can be shared.
   */
  contextKey(state: State, reach: number): number;

  /** Where in the document a state is, for people. */
  describe(state: State): string;

  /** Why `byte` is not allowed here, and where exactly; undefined if it is allowed. */
  explain(state: State, byte: number): string | undefined;
}

/** The bytes that a grammar allows, by asking it about each. */
export function collectBytes<State>(grammar: Grammar<State>, state: State): Uint32Array {
  const words = new Uint32Array(8);
  for (let byte = 0; byte < 256; byte++) {
    if (grammar.next(state, byte) !== undefined) words[byte >> 5] |= 1 << (byte & 31);
  }
  return words;
}
