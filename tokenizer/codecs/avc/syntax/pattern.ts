/**
 * The coded block pattern of a macroblock (H.264 7.3.5), which says which blocks have coefficients,
 * and its quantizer.
 */
import { INTER_PATTERNS, INTRA_PATTERNS } from '../tables/pattern.ts';
import { expectResidual } from './residual.ts';
import type { SyntaxState } from './state.ts';

/** Expects coded_block_pattern; Intra16x16 has it in its type. */
export function expectPattern(state: SyntaxState): void {
  if (!state.isIntra16x16) {
    state.unsigned('coded_block_pattern', 0, 47, takePattern);
    return;
  }
  const form = (state.mbType - 1) >> 2;
  state.pattern = 16 * (form % 3) + (form >= 3 ? 15 : 0);
  expectQpDelta(state);
}

function takePattern(state: SyntaxState, codeNum: number): void {
  state.pattern = (state.isIntra ? INTRA_PATTERNS : INTER_PATTERNS)[codeNum];
  if (state.pattern === 0) state.trailing();
  else expectQpDelta(state);
}

function expectQpDelta(state: SyntaxState): void {
  state.signed('mb_qp_delta', -26, 25, expectResidual);
}
