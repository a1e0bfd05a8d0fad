/**
 * BPE as a finite automaton that reads a document from its end. At each byte it knows the token
 * that begins there: the bytes behind are encoded already, and exactly one of the tokens that begin
 * at this byte may stand before the token that follows it (adjacent.ts).
 *
 * A state is that token together with the longer tokens whose end the bytes just read may be.
 * States and transitions are made when they are first met: a JPEG tokenizer of 320 merges meets
 * about 800 states in 500 images.
 */

import type { TokenTable } from '../decode.ts';
import type { Merge } from '../learn/learn.ts';
import { Adjacency } from './adjacent.ts';

/**
 * Entry of the table for a transition that was not met yet. It is not a state, and it has no next
 * state.
 */
export const UNKNOWN = 0;
/** State before anything is read. */
export const START = 1;
export const MAX_STATES = 1 << 14;
/** Token of the state `UNKNOWN`. */
export const NO_TOKEN = 0xffff;

interface State {
  /** Token of the state; undefined at the start. */
  token: number | undefined;
  /** Ends of tokens, as numbered by `firstEnds`, in ascending order. */
  ends: readonly number[];
}

export class BpeAutomaton {
  /**
   * True when there are more states than the tables have room for: results are wrong from then on.
   */
  full = false;
  /** Next state, at index (state << 8) | byte. */
  readonly #table: Uint16Array;
  /** For each state, its token plus the token's length in bytes times 2^17. */
  readonly #outputs: Uint32Array;
  readonly #tokens: TokenTable;
  readonly #adjacency: Adjacency;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  /** Tokens by their last byte, without tokens that occur in no encoding. */
  readonly #endingIn: number[][] = Array.from({ length: 256 }, () => []);
  /** The last n bytes of token t have the number firstEnds[t] + n. */
  readonly #firstEnds: number[] = [];
  /** For each end of a token, the token and the byte before the end. */
  readonly #tokenOf: number[] = [];
  readonly #byteBefore: number[] = [];

  /**
   * @param merges each merge names only bytes and earlier merges; no pair occurs twice
   * @param tokens the tokens of these merges
   * @param table zeros [states * 256], to be filled
   * @param outputs zeros [states], to be filled; there is room for states - 1 states
   */
  constructor(
    merges: readonly Merge[],
    tokens: TokenTable,
    table: Uint16Array,
    outputs: Uint32Array,
  ) {
    this.#table = table;
    this.#outputs = outputs;
    this.#tokens = tokens;
    this.#adjacency = new Adjacency(merges);
    for (let token = 0; token < 256 + merges.length; token++) {
      this.#firstEnds.push(this.#tokenOf.length);
      const bytes = tokens.bytesOf(token).toReversed();
      for (const byte of bytes) {
        this.#tokenOf.push(token);
        this.#byteBefore.push(byte);
      }
      if (this.#adjacency.standsAlone[token]) this.#endingIn[bytes[0]].push(token);
    }
    outputs[UNKNOWN] = NO_TOKEN;
    this.#states.length = START;
    this.#add({ token: undefined, ends: [] });
  }

  /** Computes the state after a byte and notes it in the table. */
  learn(state: number, byte: number): number {
    const next = this.#after(this.#states[state], byte);
    const number = this.#numbers.get(keyOf(next)) ?? this.#add(next);
    this.#table[(state << 8) | byte] = number;
    return number;
  }

  #after({ token, ends }: State, byte: number): State {
    const byteBefore = this.#byteBefore;
    const tokenOf = this.#tokenOf;
    let begun: number | undefined;
    const longer: number[] = [];
    const read = (end: number) => {
      if (byteBefore[end] !== byte) return;
      if (tokenOf[end + 1] === tokenOf[end]) longer.push(end + 1);
      else begun = tokenOf[end];
    };
    for (const end of ends) read(end);
    for (const each of this.#endingIn[byte]) {
      if (token === undefined || this.#adjacency.adjacent(each, token)) read(this.#firstEnds[each]);
    }
    if (begun === undefined) throw new Error(`no token begins with ${byte} before ${token}`);
    return { token: begun, ends: longer.sort((a, b) => a - b) };
  }

  #add(state: State): number {
    const number = this.#states.length;
    if (number === this.#outputs.length) {
      this.full = true;
      return START;
    }
    this.#states.push(state);
    this.#numbers.set(keyOf(state), number);
    const { token } = state;
    if (token !== undefined) this.#outputs[number] = token | (this.#tokens.lengthOf(token) << 17);
    return number;
  }
}

function keyOf({ token, ends }: State): string {
  return `${token} ${ends.join()}`;
}
