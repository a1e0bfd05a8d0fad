/**
 * BPE as a finite automaton that reads a document from its end. At each byte it knows the token
 * that begins there: what follows is encoded already, and of the tokens that these bytes begin
 * with exactly one may stand before the token that follows it (adjacent.ts).
 *
 * A state is that token, and the tokens of which the bytes just read may turn out to be the end.
 * States and transitions are made when first met: a JPEG tokenizer of 320 merges meets about
 * 800 states in 500 images.
 */

import type { TokenTable } from '../decode.ts';
import type { Merge } from '../learn/learn.ts';
import { Adjacency } from './adjacent.ts';

/** The table's entry for a transition that was not met yet; no state, and none follows it. */
export const UNKNOWN = 0;
/** Nothing read yet. */
export const START = 1;
export const MAX_STATES = 1 << 14;
/** Token of the state `UNKNOWN`. */
export const NO_TOKEN = 0xffff;

interface State {
  /** Undefined at the start. */
  token: number | undefined;
  /** Ends of tokens, as numbered by `firstEnds`, ascending. */
  ends: readonly number[];
}

export class BpeAutomaton {
  /** Set when there are more states than there is room for: from then on answers are wrong. */
  full = false;
  /** Next state of (state << 8) | byte. */
  readonly #table: Uint16Array;
  /** Of each state: its token, and the token's length in bytes times 2^17. */
  readonly #outputs: Uint32Array;
  readonly #tokens: TokenTable;
  readonly #adjacency: Adjacency;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  /** Tokens by their last byte, without those that cannot occur. */
  readonly #endingIn: number[][] = Array.from({ length: 256 }, () => []);
  /** The end of token t that is n bytes long has the number firstEnds[t] + n. */
  readonly #firstEnds: number[] = [];
  /** Of each end of a token: that token, and the byte before the end. */
  readonly #tokenOf: number[] = [];
  readonly #byteBefore: number[] = [];

  /**
   * @param merges each names only bytes and earlier merges, and no pair twice
   * @param tokens of these merges
   * @param table zeros [states * 256], to be filled
   * @param outputs zeros [states], to be filled: room for that many less one
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

  /** The state after a byte, noted in the table. */
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
