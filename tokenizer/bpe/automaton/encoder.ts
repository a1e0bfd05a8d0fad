/**
 * Encoding by the automaton: a document is read from its end, and a state noted for each byte;
 * the states tell the tokens from the beginning on. Both ways go in strands (strands.ts) that
 * begin as if the document ended, or a token began, at their border. From there they are mended
 * until they come to what is right, usually within a few bytes; so the result is exact.
 */

import type { TokenTable } from '../decode.ts';
import type { Merge } from '../learn/learn.ts';
import { BpeAutomaton, START, UNKNOWN } from './automaton.ts';
import { STRAND_CHUNK, STRANDS } from './strand-layout.ts';
import { Strands } from './strands.ts';

const LAST = STRANDS - 1;
/** Scratch memory of a longer document is given back after use. Bytes of the document. */
const KEEP_SCRATCH = 1 << 20;

/** How a chunk is cut: strands of `length` bytes, the last one `rest` longer. */
interface Cut {
  length: number;
  rest: number;
}

function cutOf(bytes: number): Cut {
  return { length: Math.floor(bytes / STRANDS), rest: bytes % STRANDS };
}

export class AutomatonEncoder {
  readonly #tokens: TokenTable;
  readonly #strands: Strands;
  readonly #automaton: BpeAutomaton;
  /** Room for a document's tokens. */
  #found = new Uint16Array(STRAND_CHUNK);
  #count = 0;
  /** The next token begins so many bytes behind the beginning of the strand at hand. */
  #ahead = 0;

  /**
   * @param merges each names only bytes and earlier merges, and no pair twice
   * @param tokens of these merges, each of `LONGEST` bytes at most
   * @param states room for so many, at most `MAX_STATES`
   */
  constructor(merges: readonly Merge[], tokens: TokenTable, states: number) {
    this.#tokens = tokens;
    this.#strands = new Strands(tokens.longest, states);
    const { table, outputs } = this.#strands;
    this.#automaton = new BpeAutomaton(merges, tokens, table, outputs);
  }

  /** @returns ids, or undefined once the automaton has become too large */
  encode(bytes: Uint8Array): Uint16Array | undefined {
    if (this.#automaton.full) return undefined;
    if (this.#found.length < bytes.length) this.#found = new Uint16Array(bytes.length);
    this.#count = 0;
    this.#ahead = 0;
    const chunks = Math.ceil(bytes.length / STRAND_CHUNK);
    const later: Uint16Array[][] = [];
    let state = START;
    for (let n = chunks - 1; n >= 0; n--) {
      const chunk = bytes.subarray(n * STRAND_CHUNK, (n + 1) * STRAND_CHUNK);
      state = this.#scan(chunk, state);
      // The first chunk's states stay where they are.
      if (n > 0) later.push(this.#strands.states.map((states) => states.slice()));
    }
    if (this.#automaton.full) return undefined;
    for (let n = 0; n < chunks; n++) {
      if (n > 0) later.pop()!.forEach((states, i) => void this.#strands.states[i].set(states));
      this.#emit(cutOf(Math.min(STRAND_CHUNK, bytes.length - n * STRAND_CHUNK)));
    }
    const ids = this.#found.slice(0, this.#count);
    if (bytes.length > KEEP_SCRATCH) this.#found = new Uint16Array(STRAND_CHUNK);
    return ids;
  }

  /** Notes the states of a chunk's bytes. @returns that of the first, given that behind the last */
  #scan(chunk: Uint8Array, behind: number): number {
    const { entry, input, kernels, states } = this.#strands;
    const { length, rest } = cutOf(chunk.length);
    input.set(chunk);
    let state = this.#read(LAST, behind, length, length + rest, length);
    if (length === 0) return state;
    entry.fill(START);
    entry[LAST] = state;
    kernels.spread(length);
    kernels.scan(length);
    for (let n = LAST; n >= 0; n--) {
      // A strand that meets something unknown is unknown from there to its beginning.
      if (states[n][0] === UNKNOWN) this.#read(n, entry[n], 0, length, length);
      state = this.#mend(n, state, length);
    }
    return state;
  }

  /**
   * Notes the states of a strand's bytes `from` up to `to`, last byte first, and learns steps.
   * @param state behind them
   * @returns that of the first
   */
  #read(strand: number, state: number, from: number, to: number, length: number): number {
    const states = this.#strands.states[strand];
    for (let i = to - 1; i >= from; i--) {
      state = this.#step(state, this.#strands.input[strand * length + i]);
      states[i] = state;
    }
    return state;
  }

  /** As `read`, for a whole strand that has states already: until they are right. */
  #mend(strand: number, state: number, length: number): number {
    const states = this.#strands.states[strand];
    for (let i = length - 1; i >= 0; i--) {
      state = this.#step(state, this.#strands.input[strand * length + i]);
      if (states[i] === state) return states[0];
      states[i] = state;
    }
    return state;
  }

  #step(state: number, byte: number): number {
    return this.#strands.table[(state << 8) | byte] || this.#automaton.learn(state, byte);
  }

  /** Appends the tokens of a chunk whose states are noted. */
  #emit({ length, rest }: Cut): void {
    const { entry, kernels, outputs, states, tokens } = this.#strands;
    entry.fill(0);
    entry[0] = 2 * Math.min(this.#ahead, length);
    const first = entry[0] / 2;
    if (length > 0) kernels.emit(length, rest);
    for (let n = 0; n < STRANDS; n++) {
      const end = n === LAST ? length + rest : length;
      const guessed = tokens[n];
      // The right tokens and the guessed ones are followed until they meet.
      let at = this.#ahead;
      let guess = length > 0 ? (n === 0 ? first : 0) : end;
      let i = 0;
      while (at < end && at !== guess) {
        if (at < guess) {
          const output = outputs[states[n][at]];
          this.#found[this.#count++] = output;
          at += output >>> 17;
        } else {
          guess += this.#tokens.lengthOf(guessed[i++]);
        }
      }
      if (at < end) {
        const count = this.#strands.tokensOf(n);
        this.#found.set(guessed.subarray(i, count), this.#count);
        this.#count += count - i;
        at = entry[n] / 2;
      }
      this.#ahead = at - end;
    }
  }
}
