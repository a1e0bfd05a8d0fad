/** The end of a slice header (H.264 7.3.3): its quantizer and the settings of the deblocking filter. */
import { expectSliceData } from './macroblock.ts';
import type { SyntaxState } from './state.ts';

/** Comes after the reference marking. */
export function expectQp(state: SyntaxState): void {
  const { initialQp } = state.pps!;
  state.signed('slice_qp_delta', -initialQp, 51 - initialQp, takeQp);
}

function takeQp(state: SyntaxState): void {
  if (!state.pps!.deblockingControl) expectSliceData(state);
  else state.unsigned('disable_deblocking_filter_idc', 0, 2, takeFilter);
}

function takeFilter(state: SyntaxState, value: number): void {
  if (value === 1) expectSliceData(state);
  else state.signed('slice_alpha_c0_offset_div2', -6, 6, takeAlpha);
}

function takeAlpha(state: SyntaxState): void {
  state.signed('slice_beta_offset_div2', -6, 6, expectSliceData);
}
