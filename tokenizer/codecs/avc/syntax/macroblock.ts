/** The single macroblock of a slice: slice_data (H.264 7.3.4) and macroblock_layer (7.3.5). */
import { expectMotion } from './inter.ts';
import { expectChromaMode, expectModes } from './intra.ts';
import type { SyntaxState } from './state.ts';

/** mb_type of an I slice (table 7-11): I_NxN, Intra16x16 1..24, I_PCM. */
const I_NXN = 0;
const I_PCM = 25;
/**
 * mb_type values of Intra16x16 with Intra_16x16_DC prediction, the only mode without neighbours:
 * one in four.
 */
const INTRA_16X16_DC = [3, 7, 11, 15, 19, 23];
const INTRA_TYPES = [I_NXN, ...INTRA_16X16_DC, I_PCM].flatMap((type) => [type, type]);
/**
 * Number of mb_type values of a P slice itself; in a P slice, the types of an I slice follow them
 * (table 7-13).
 */
const INTER_TYPES = 5;
const P_TYPES = [0, INTER_TYPES - 1, ...INTRA_TYPES.map((type) => type + INTER_TYPES)];

const PCM_SAMPLES = 384;

export function expectSliceData(state: SyntaxState): void {
  state.isHeaderRead = true;
  if (state.isIntraSlice) expectType(state);
  else state.unsigned('mb_skip_run', 0, 1, takeSkipRun);
}

function takeSkipRun(state: SyntaxState, run: number): void {
  if (run === 1) state.trailing();
  else expectType(state);
}

function expectType(state: SyntaxState): void {
  state.unsigned('mb_type', 0, 0, takeType);
  state.only(state.isIntraSlice ? INTRA_TYPES : P_TYPES);
}

function takeType(state: SyntaxState, value: number): void {
  state.clearTotals();
  state.mbType = value;
  state.isIntra16x16 = false;
  state.isIntra = state.isIntraSlice || value >= INTER_TYPES;
  if (!state.isIntra) {
    expectMotion(state);
    return;
  }
  const type = state.isIntraSlice ? value : value - INTER_TYPES;
  state.mbType = type;
  state.part = 0;
  if (type === I_NXN) expectModes(state);
  else if (type === I_PCM) expectAlignment(state);
  else {
    state.isIntra16x16 = true;
    expectChromaMode(state);
  }
}

function expectAlignment(state: SyntaxState): void {
  const missing = -state.position & 7;
  state.count = PCM_SAMPLES;
  if (missing === 0) expectSample(state);
  else state.fixed('pcm_alignment_zero_bit', missing, 0, 0, expectSample);
}

function expectSample(state: SyntaxState): void {
  state.fixed('pcm_sample', 8, 0, 255, takeSample);
}

function takeSample(state: SyntaxState): void {
  if (--state.count === 0) state.trailing();
  else expectSample(state);
}
