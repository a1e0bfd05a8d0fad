/**
 * The contract of a codec's grammar, which the sampler and `shards verify` use: an automaton over
 * the symbols of a codec (bytes, or others) that accepts the canonical documents of one size (of
 * videos, also of one number of frames). It checks the form of a document, so it also accepts
 * documents in that form that no encoder has made. A state never changes once it is made: it can be
 * kept, compared by `contextKey`, and used as the start of several continuations.
 */
import type { ErrorCode } from '../../base/error.ts';
import { BYTES } from '../alphabet.ts';

export interface Grammar<State = number> {
  /** Title of the codec for messages: `JPEG`. */
  readonly codec: string;
  /** Error code for a document that breaks this grammar. */
  readonly invalidCode: ErrorCode;
  /** The state before the first symbol. */
  start(): State;

  /**
   * The state after one more symbol; undefined if no document continues with this symbol. Every
   * state that is returned can be finished: there are no dead ends.
   */
  next(state: State, symbol: number): State | undefined;

  /**
   * The symbols that may come next, as bits: symbol s is bit `s & 31` of word `s >> 5`. Shape:
   * [alphabet / 32, rounded up].
   */
  allowedSymbols(state: State): Uint32Array;

  /** Whether the symbols so far are a whole document. No symbol may follow a whole document. */
  isComplete(state: State): boolean;

  /**
   * The smallest number of symbols from here to a whole document; 0 exactly when it is complete.
   */
  symbolsToFinish(state: State): number;

  /**
   * An upper bound on the growth of `symbolsToFinish` along any allowed string of up to `reach`
   * symbols from here; `Infinity` if no bound is known. With more slack than that, a length limit
   * excludes no token.
   */
  longestDetour(state: State, reach: number): number;

  /**
   * A key that two states share only if they allow the same strings of up to `reach` symbols. It
   * ignores everything further away, so that states at different places can share a mask. A grammar
   * with `unknowns` also ignores their numbers: states with the same key allow the same strings
   * under the same conditions. A grammar with `sight` also ignores what matters only out of sight.
   */
  contextKey(state: State, reach: number): number;

  /**
   * Limits how far states with the same context key are alike, for grammars where that is less than
   * `reach` symbols.
   */
  readonly sight?: Sight<State>;

  /**
   * The numbers in a state that only some strings depend on, for grammars that have such numbers.
   */
  readonly unknowns?: Unknowns<State>;

  /** Describes the place of a state in the document, for people. */
  describe(state: State): string;

  /**
   * Says why `symbol` is not allowed in this state, and where in the document; undefined if it is
   * allowed.
   */
  explain(state: State, symbol: number): string | undefined;
}

/**
 * Documents have places (in a video, the beginning of the next slice) that depend on everything
 * before them, while the symbols around such a place depend on little. States that are in sight of
 * each other share their masks up to such a place. For tokens that go beyond it, the grammar is
 * asked each time.
 */
export interface Sight<State> {
  /**
   * Whether a state is in sight. States in sight with the same context key allow the same strings,
   * as long as these strings without their last symbol lead only to states in sight.
   */
  isIn(state: State): boolean;
  /** Like `Grammar.longestDetour`, for strings of any length that lead only to states in sight. */
  longestDetour(state: State): number;
}

/**
 * Many states differ only in a few numbers (in a JPEG, the DC value of the previous block, or the
 * number of MCUs to come). One walk that treats these numbers as unknown serves all such states,
 * and finds for each string the condition that the numbers must meet.
 */
export interface Unknowns<State> {
  /** The numbers of one state, in an order that the grammar chooses. */
  numbersOf(state: State): readonly number[];
  /** The walk from all states that have the context key of this state, for the same reach. */
  walk(state: State): Walk;
}

/**
 * Tries strings of symbols step by step, as a trie is walked: a step at a smaller depth starts over
 * from there.
 */
export interface Walk {
  /**
   * Puts `symbol` at place `depth` (from 1) after the earlier symbols, and forgets the symbols that
   * were there and behind. @returns false if no numbers allow it
   */
  step(depth: number, symbol: number): boolean;
  /**
   * The condition on the numbers for the first `depth` symbols; undefined if all numbers are
   * allowed.
   */
  condition(depth: number): Condition | undefined;
}

export interface Condition {
  /** Equal for equal conditions of the same grammar. */
  readonly key: number;
  holds(numbers: readonly number[]): boolean;
}

/** Collects the symbols that a grammar allows, by asking it about each one. */
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
