/**
 * Prediction inside a macroblock (H.264 7.3.5.1, 8.3.1). A slice of one macroblock has no other
 * samples, so a 4x4 block may only use modes that read samples of this macroblock. Whole
 * macroblocks and chroma can only be predicted by DC.
 */
import { expectPattern } from './pattern.ts';
import { LEFT_BLOCK, UPPER_BLOCK } from './residual.ts';
import type { SyntaxState } from './state.ts';

/** Intra_4x4_DC (8.3.1.2.3). */
const DC = 2;
/**
 * Modes that read only the samples above, and only those to the left; the others need both
 * (8.3.1.2).
 */
const FROM_ABOVE = [0, DC, 3, 7];
const FROM_LEFT = [1, DC, 8];

/**
 * rem_intra4x4_pred_mode of each such mode when DC is predicted: modes above DC are written as one
 * less.
 */
const REMAINING_ABOVE = remaining(FROM_ABOVE);
const REMAINING_LEFT = remaining(FROM_LEFT);

function remaining(modes: readonly number[]): number[] {
  return modes
    .filter((mode) => mode !== DC)
    .map((mode) => (mode < DC ? mode : mode - 1))
    .flatMap((value) => [value, value]);
}

/**
 * Expects the intra4x4 modes of the 16 blocks, from `state.part` on; then intra_chroma_pred_mode.
 */
export function expectModes(state: SyntaxState): void {
  const block = state.part;
  if (block === 16) {
    expectChromaMode(state);
    return;
  }
  // The first block has no samples around it, so its mode is DC, which is also the predicted
  // mode.
  const least = block === 0 ? 1 : 0;
  state.fixed('prev_intra4x4_pred_mode_flag', 1, least, 1, takeIsPredicted);
}

export function expectChromaMode(state: SyntaxState): void {
  state.unsigned('intra_chroma_pred_mode', 0, 0, expectPattern);
}

/**
 * predIntra4x4PredMode (8.3.1.1): DC at the edge of the macroblock, because there is no neighbour.
 */
function predictedMode(state: SyntaxState): number {
  const left = LEFT_BLOCK[state.part];
  const upper = UPPER_BLOCK[state.part];
  if (left < 0 || upper < 0) return DC;
  return Math.min(state.modes[left], state.modes[upper]);
}

function takeIsPredicted(state: SyntaxState, isPredicted: number): void {
  if (isPredicted === 1) {
    takeMode(state, predictedMode(state));
    return;
  }
  state.fixed('rem_intra4x4_pred_mode', 3, 0, 7, takeRemaining);
  if (LEFT_BLOCK[state.part] < 0) state.only(REMAINING_ABOVE);
  else if (UPPER_BLOCK[state.part] < 0) state.only(REMAINING_LEFT);
}

function takeRemaining(state: SyntaxState, value: number): void {
  takeMode(state, value < predictedMode(state) ? value : value + 1);
}

function takeMode(state: SyntaxState, mode: number): void {
  state.setMode(state.part++, mode);
  expectModes(state);
}
