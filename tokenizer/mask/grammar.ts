/**
 * What a codec's grammar is to the sampler and to `shards verify`: an automaton
 * over the symbols of a codec (bytes, or others) that accepts exactly the canonical documents
 * of one image or video size. A state is a value: it can be kept, compared and branched from at will.
 */
import type { ErrorCode } from '../../base/error.ts';
import { BYTES } from '../alphabet.ts';

export interface Grammar<State = number> {
  /** Title of the codec, for messages: `JPEG`. */
  readonly codec: string;
  /** The code of the error that a document breaking this grammar is reported with. */
  readonly invalidCode: ErrorCode;
  /** The state before the first symbol. */
  start(): State;

  /**
   * The state after one more symbol, or undefined where no document goes on so.
   * Every state that is returned can be finished: there are no dead ends.
   */
  next(state: State, symbol: number): State | undefined;

  /** Which symbols may come next: bit `s & 31` of word `s >> 5`. Shape: [alphabet / 32, rounded up]. */
  allowedSymbols(state: State): Uint32Array;

  /** Whether the symbols so far are a whole document. Nothing may follow one. */
  isComplete(state: State): boolean;

  /** The fewest symbols from here to a whole document; 0 exactly when it is complete. */
  symbolsToFinish(state: State): number;

  /**
   * No allowed string of up to `reach` symbols leads from here to a state whose
   * `symbolsToFinish` is larger by more than this; `Infinity` where no bound is known. With
   * more slack than that, a length limit takes nothing away.
   */
  longestDetour(state: State, reach: number): number;

  /**
   * A key that is equal only for states which allow the same strings of up to
   * `reach` symbols. It leaves out what lies further off, so that masks of different
   * places can be shared. A grammar with `unknowns` leaves those out as well: its
   * states of one key allow the same strings under the same conditions; one with `sight`
   * leaves out what is seen only from beyond it.
   */
  contextKey(state: State, reach: number): number;

  /** How far states of one context key are alike, where that is not as far as they say. */
  readonly sight?: Sight<State>;

  /** The numbers of a state that only some strings depend on, where there are such. */
  readonly unknowns?: Unknowns<State>;

  /** Where in the document a state is, for people. */
  describe(state: State): string;

  /** Why `symbol` is not allowed here, and where exactly; undefined if it is allowed. */
  explain(state: State, symbol: number): string | undefined;
}

/**
 * Documents have places (in a video the beginning of the next slice) that depend on all that
 * came before, while what lies around them depends on little. States that are in sight of
 * each other share their masks up to such a place; what a token goes on with behind it is
 * asked each time.
 */
export interface Sight<State> {
  /**
   * States of one context key that are in sight allow the same strings as long as these,
   * without their last symbol, lead only to states in sight.
   */
  isIn(state: State): boolean;
  /** As `longestDetour`, for strings of any length that lead only to states in sight. */
  longestDetour(state: State): number;
}

/**
 * Many states differ only in a few numbers (in a JPEG the DC value of the block
 * before, or how many MCUs are to come). A walk with those unknown is made once for
 * all such states, and finds which strings need what of them.
 */
export interface Unknowns<State> {
  /** The numbers of one state, in an order of the grammar's own. */
  numbersOf(state: State): readonly number[];
  /** The walk from all states that have the context key of this one, for the same reach. */
  walk(state: State): Walk;
}

/** A string of symbols that is tried out from its beginning again and again, as a trie is walked. */
export interface Walk {
  /**
   * Puts `symbol` at place `depth` (from 1), after the symbols before; what was there and
   * behind is forgotten. False where no numbers allow it.
   */
  step(depth: number, symbol: number): boolean;
  /** What the numbers must be for the first `depth` symbols; undefined if they may be any. */
  condition(depth: number): Condition | undefined;
}

export interface Condition {
  /** Equal for equal conditions of one grammar. */
  readonly key: number;
  holds(numbers: readonly number[]): boolean;
}

/** The symbols that a grammar allows, by asking it about each. */
export function collectSymbols<State>(
  grammar: Grammar<State>,
  state: State,
  alphabet = BYTES,
): Uint32Array {
  const words = new Uint32Array(Math.ceil(alphabet / 32));
  for (let symbol = 0; symbol < alphabet; symbol++) {
    if (grammar.next(state, symbol) !== undefined) words[symbol >> 5] |= 1 << (symbol & 31);
  }
  return words;
}
