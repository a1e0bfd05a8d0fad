/**
 * Encodes with the automaton: reads a document from its end, notes a state for each byte, then
 * reads the tokens from the states, beginning at the start. Both passes run in strands
 * (strands.ts), which assume at their border that the document ends or a token begins there. Each
 * strand is then corrected from its border on until it agrees with the right states, usually within
 * a few bytes, so the result is exact.
 */

import type { TokenTable } from '../decode.ts';
import type { Merge } from '../learn/learn.ts';
import { BpeAutomaton, START, UNKNOWN } from './automaton.ts';
import { STRAND_CHUNK, STRANDS } from './strand-layout.ts';
import { Strands } from './strands.ts';

const LAST = STRANDS - 1;
/**
 * Largest document, in bytes, whose scratch memory is kept; that of a longer one is freed after
 * use.
 */
const KEEP_SCRATCH = 1 << 20;

/** How a chunk is cut: into strands of `length` bytes; the last one is `rest` bytes longer. */
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
  /** Tokens of the current document. */
  #found = new Uint16Array(STRAND_CHUNK);
  #count = 0;
  /** The next token begins this many bytes after the beginning of the current strand. */
  #ahead = 0;

  /**
   * @param merges each merge names only bytes and earlier merges; no pair occurs twice
   * @param tokens the tokens of these merges, each at most `LONGEST` bytes long
   * @param states number of states to reserve, at most `MAX_STATES`
   */
  constructor(merges: readonly Merge[], tokens: TokenTable, states: number) {
    this.#tokens = tokens;
    this.#strands = new Strands(tokens.longest, states);
    const { table, outputs } = this.#strands;
    this.#automaton = new BpeAutomaton(merges, tokens, table, outputs);
  }

  /** @returns ids, or undefined when the automaton has become too large */
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
      // The states of the first chunk stay where they are.
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

  /**
   * Notes the states of the bytes of a chunk. @returns the state of its first byte, given the state
   * behind its last
   */
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
      // A strand that meets an unknown transition stays unknown from there to its beginning.
      if (states[n][0] === UNKNOWN) this.#read(n, entry[n], 0, length, length);
      state = this.#mend(n, state, length);
    }
    return state;
  }

  /**
   * Notes the states of bytes `from` up to `to` of a strand, last byte first, and learns
   * transitions.
   * @param state the state behind these bytes
   * @returns the state of the first byte
   */
  #read(strand: number, state: number, from: number, to: number, length: number): number {
    const states = this.#strands.states[strand];
    for (let i = to - 1; i >= from; i--) {
      state = this.#step(state, this.#strands.input[strand * length + i]);
      states[i] = state;
    }
    return state;
  }

  /** Like `read`, for a whole strand that has states already: stops when they are right. */
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

  /** Appends the tokens of a chunk whose states have been noted. */
  #emit({ length, rest }: Cut): void {
    const { entry, kernels, outputs, states, tokens } = this.#strands;
    entry.fill(0);
    entry[0] = 2 * Math.min(this.#ahead, length);
    const first = entry[0] / 2;
    if (length > 0) kernels.emit(length, rest);
    for (let n = 0; n < STRANDS; n++) {
      const end = n === LAST ? length + rest : length;
      const guessed = tokens[n];
      // Follow the right tokens and the guessed ones until they meet.
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
