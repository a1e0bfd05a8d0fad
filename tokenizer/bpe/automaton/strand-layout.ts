/** Where the strands of a chunk, and the automaton that reads them, lie in one memory. */

import { PAGE_BYTES } from '../../../wasm/instantiate.ts';
import { MAX_STATES } from './automaton.ts';

export const STRANDS = 8;
/** Bytes of a strand at most, but for the last one's rest. */
const STRAND = 1024;
export const STRAND_CHUNK = STRANDS * STRAND;
/** The longest token that can be found, in bytes. */
export const LONGEST = 2048;
/** Bytes of a vector. */
export const VECTOR = 16;
/** Tokens that `emit` writes for each strand in a turn. */
export const TURN = 2;

/** Bytes left over when a chunk is cut in equal strands; the last one has them. */
export const REST = STRANDS - 1;

/** Where things are, in bytes. */
export interface StrandLayout {
  /** u32 [MAX_STATES]: token | length << 17. */
  outputs: number;
  /** u32 [STRANDS]: see the kernels. */
  entry: number;
  /** u32: how many tokens the strand of most tokens has, or a few more. */
  most: number;
  /** u8 [STRAND_CHUNK + REST]. */
  input: number;
  /** u8 [STRANDS, stride]: the input, each strand at its place. */
  bytes: number;
  byteStride: number;
  /** u16 [STRANDS, stride]: a state for each byte, then 0 for as many as a token is long. */
  states: number;
  stateStride: number;
  /** u16 [STRANDS, stride]: tokens. */
  tokens: number;
  tokenStride: number;
  /** u16 [MAX_STATES, 256]: the next state. */
  table: number;
  /** Of the memory, in units of WebAssembly. */
  pages: number;
}

/** @param longest token in bytes, at most `LONGEST` */
export function layoutOf(longest: number): StrandLayout {
  // An odd number of vectors apart: strands at a power of two apart would share cache lines.
  const stride = (bytes: number) => (Math.ceil(bytes / VECTOR) | 1) * VECTOR;
  const byteStride = stride(STRAND + VECTOR);
  const stateStride = stride(2 * (STRAND + REST + longest) + VECTOR);
  const tokenStride = stride(2 * (STRAND + REST + TURN + 1));
  const outputs = 0;
  const entry = outputs + 4 * MAX_STATES;
  const most = entry + 4 * STRANDS;
  const input = most + VECTOR;
  const bytes = input + STRAND_CHUNK + REST + 1 + VECTOR;
  const states = bytes + STRANDS * byteStride;
  const tokens = states + STRANDS * stateStride;
  const table = tokens + STRANDS * tokenStride;
  const pages = Math.ceil((table + 2 * 256 * MAX_STATES) / PAGE_BYTES);
  return {
    outputs,
    entry,
    most,
    input,
    bytes,
    byteStride,
    states,
    stateStride,
    tokens,
    tokenStride,
    table,
    pages,
  };
}
