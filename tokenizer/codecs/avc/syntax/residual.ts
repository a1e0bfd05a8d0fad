/**
 * The coefficients of a macroblock: residual (H.264 7.3.5.3) and residual_block_cavlc (7.3.5.3.2),
 * with nC computed from the blocks of this macroblock only (9.2.1): a slice of one macroblock has
 * no others.
 */
import { CHROMA_DC, COLUMN_OF_NC, coeffTokenCode } from '../tables/coeff-token.ts';
import { LEVEL_PREFIX, runBeforeCode, totalZerosCode } from '../tables/zeros.ts';
import type { SyntaxState } from './state.ts';

/** By luma4x4BlkIdx, the block to the left and above (6.4.11.4), -1 outside of the macroblock. */
export const LEFT_BLOCK = Int8Array.of(-1, 0, -1, 2, 1, 4, 3, 6, -1, 8, -1, 10, 9, 12, 11, 14);
export const UPPER_BLOCK = Int8Array.of(-1, -1, 0, 1, -1, -1, 4, 5, 2, 3, 8, 9, 6, 7, 12, 13);

// Index of the first block of each kind, in the order of the bits: DC of Intra16x16, luma 0..15,
// DC of Cb and Cr, AC of Cb and of Cr.
const LUMA = 1;
const CHROMA_DC_BLOCKS = 17;
const CHROMA_AC = 19;
const END = 27;

export function expectResidual(state: SyntaxState): void {
  expectBlock(state, state.isIntra16x16 ? 0 : LUMA);
}

/** Expects the first coded block at or after `block`, or the end of the slice. */
function expectBlock(state: SyntaxState, block: number): void {
  const { pattern, isIntra16x16 } = state;
  let next = block;
  while (next < CHROMA_DC_BLOCKS && next >= LUMA && !((pattern >> ((next - LUMA) >> 2)) & 1)) {
    next += 4 - ((next - LUMA) & 3);
  }
  const chroma = pattern >> 4;
  if (next >= CHROMA_DC_BLOCKS && chroma === 0) next = END;
  if (next >= CHROMA_AC && chroma !== 2) next = END;
  state.block = next;
  if (next === END) {
    state.trailing();
  } else if (next < LUMA) {
    expectToken(state, 0, 16);
  } else if (next < CHROMA_DC_BLOCKS) {
    expectToken(state, lumaColumn(state.totals, next - LUMA), isIntra16x16 ? 15 : 16);
  } else if (next < CHROMA_AC) {
    expectToken(state, CHROMA_DC, 4);
  } else {
    expectToken(state, chromaColumn(state.totals, next - CHROMA_AC), 15);
  }
}

function lumaColumn(totals: Uint8Array, block: number): number {
  const left = LEFT_BLOCK[block];
  const upper = UPPER_BLOCK[block];
  if (left < 0) return upper < 0 ? 0 : COLUMN_OF_NC[totals[upper]];
  if (upper < 0) return COLUMN_OF_NC[totals[left]];
  return COLUMN_OF_NC[(totals[left] + totals[upper] + 1) >> 1];
}

/** @param block 0..3 of Cb, 4..7 of Cr */
function chromaColumn(totals: Uint8Array, block: number): number {
  const at = 16 + block;
  const hasLeft = (block & 1) === 1;
  const hasUpper = (block & 2) === 2;
  if (hasLeft && hasUpper) return COLUMN_OF_NC[(totals[at - 1] + totals[at - 2] + 1) >> 1];
  if (hasLeft) return COLUMN_OF_NC[totals[at - 1]];
  return hasUpper ? COLUMN_OF_NC[totals[at - 2]] : 0;
}

const LAST_SEEN_LUMA = lastSeen(16, (block) => [LEFT_BLOCK[block], UPPER_BLOCK[block]]);
const LAST_SEEN_CHROMA = lastSeen(4, (block) => [
  block & 1 ? block - 1 : -1,
  block & 2 ? block - 2 : -1,
]);

/**
 * For each block, the last block that has it as a neighbour; the block itself if there is none.
 */
function lastSeen(blocks: number, neighbours: (block: number) => number[]): number[] {
  const last = Array.from({ length: blocks }, (_, block) => block);
  for (let block = 0; block < blocks; block++) {
    for (const neighbour of neighbours(block)) if (neighbour >= 0) last[neighbour] = block;
  }
  return last;
}

/** The part of `totals` that blocks still to be read depend on, as text. */
export function relevantTotals({ totals, block, name }: SyntaxState): string {
  const next = name === 'coeff_token' ? block : block + 1;
  if (block < CHROMA_DC_BLOCKS) return seenFrom(next - LUMA, totals, 0, LAST_SEEN_LUMA);
  const nextCb = next - CHROMA_AC;
  const ofCb = seenFrom(nextCb, totals, 16, LAST_SEEN_CHROMA);
  return `${ofCb}/${seenFrom(nextCb - 4, totals, 20, LAST_SEEN_CHROMA)}`;
}

/**
 * The totals of blocks before `next`, counted from `first` on, that block `next` or a later one has
 * as a neighbour.
 */
function seenFrom(
  next: number,
  totals: Readonly<Uint8Array>,
  first: number,
  last: readonly number[],
): string {
  let text = '';
  for (let i = 0; i < Math.min(next, last.length); i++) {
    if (last[i] >= next) text += `${totals[first + i]} `;
  }
  return text;
}

function expectToken(state: SyntaxState, column: number, most: number): void {
  state.mostCoefficients = most;
  state.table('coeff_token', coeffTokenCode(column, most), takeToken);
}

function takeToken(state: SyntaxState, value: number): void {
  const total = value >> 2;
  const ones = value & 3;
  const { block } = state;
  state.total = total;
  if (block >= CHROMA_AC) state.setTotal(block - CHROMA_AC + 16, total);
  else if (block >= LUMA && block < CHROMA_DC_BLOCKS) state.setTotal(block - LUMA, total);
  if (total === 0) {
    expectBlock(state, block + 1);
    return;
  }
  state.trailingOnes = ones;
  state.coefficientsLeft = total - ones;
  state.suffixLength = total > 10 && ones < 3 ? 1 : 0;
  if (ones > 0) state.fixed('trailing_ones_sign_flag', ones, 0, (1 << ones) - 1, expectLevel);
  else expectLevel(state);
}

function expectLevel(state: SyntaxState): void {
  if (state.coefficientsLeft === 0) expectTotalZeros(state);
  else state.table('level_prefix', LEVEL_PREFIX, takeLevelPrefix);
}

function takeLevelPrefix(state: SyntaxState, prefix: number): void {
  const { suffixLength } = state;
  let size = suffixLength;
  if (prefix === 14 && suffixLength === 0) size = 4;
  if (prefix === 15) size = 12;
  state.levelPrefix = prefix;
  if (size > 0) state.fixed('level_suffix', size, 0, (1 << size) - 1, takeLevelSuffix);
  else takeLevelSuffix(state, 0);
}

/** Computes levelCode, and the length of later suffixes (9.2.2.1). */
function takeLevelSuffix(state: SyntaxState, suffix: number): void {
  const { suffixLength, levelPrefix, total, trailingOnes } = state;
  let levelCode = (levelPrefix << suffixLength) + suffix;
  if (levelPrefix === 15 && suffixLength === 0) levelCode += 15;
  const isFirst = state.coefficientsLeft === total - trailingOnes;
  if (isFirst && trailingOnes < 3) levelCode += 2;
  const magnitude = (levelCode + 2) >> 1;
  let next = suffixLength === 0 ? 1 : suffixLength;
  if (magnitude > 3 << (next - 1) && next < 6) next++;
  state.suffixLength = next;
  state.coefficientsLeft--;
  expectLevel(state);
}

function expectTotalZeros(state: SyntaxState): void {
  const { total, mostCoefficients } = state;
  if (total === mostCoefficients) expectBlock(state, state.block + 1);
  else state.table('total_zeros', totalZerosCode(total, mostCoefficients), takeTotalZeros);
}

function takeTotalZeros(state: SyntaxState, zeros: number): void {
  state.zerosLeft = zeros;
  state.coefficientsLeft = state.total;
  expectRun(state);
}

/** The last coefficient takes all remaining zeros as its run. */
function expectRun(state: SyntaxState): void {
  if (state.coefficientsLeft === 1 || state.zerosLeft === 0) expectBlock(state, state.block + 1);
  else state.table('run_before', runBeforeCode(state.zerosLeft), takeRun);
}

function takeRun(state: SyntaxState, run: number): void {
  state.zerosLeft -= run;
  state.coefficientsLeft--;
  expectRun(state);
}
