/** Memory layout of the strands of a chunk and of the automaton that reads them. */

import { PAGE_BYTES } from '../../../wasm/instantiate.ts';
import { MAX_STATES } from './automaton.ts';

export const STRANDS = 8;
/** Most bytes of a strand; the last one also has the rest. */
const STRAND = 1024;
export const STRAND_CHUNK = STRANDS * STRAND;
/** Length in bytes of the longest token that the automaton can find. */
export const LONGEST = 2048;
/** Bytes per vector. */
export const VECTOR = 16;
/** Tokens that `emit` writes for each strand per turn. */
export const TURN = 2;

/**
 * Most bytes that are left over when a chunk is cut into equal strands; the last strand takes them.
 */
export const REST = STRANDS - 1;

/** Offsets of the arrays, in bytes. */
export interface StrandLayout {
  /** u32 [MAX_STATES]: token | length << 17. */
  outputs: number;
  /** u32 [STRANDS]: see the comments of the kernels. */
  entry: number;
  /** u32: the token count of the strand with the most tokens, or slightly more. */
  most: number;
  /** u8 [STRAND_CHUNK + REST]: the bytes of the chunk. */
  input: number;
  /** u8 [STRANDS, stride]: the input, each strand at its place. */
  bytes: number;
  byteStride: number;
  /**
   * u16 [STRANDS, stride]: a state for each byte, then zeros for the length of the longest token.
   */
  states: number;
  stateStride: number;
  /** u16 [STRANDS, stride]: tokens. */
  tokens: number;
  tokenStride: number;
  /** u16 [MAX_STATES, 256]: the next state. */
  table: number;
  /** Pages of the WebAssembly memory. */
  pages: number;
}

/** @param longest length of the longest token in bytes, at most `LONGEST` */
export function layoutOf(longest: number): StrandLayout {
  // Strands lie an odd number of vectors apart: at a power of two they would share cache lines.
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
