/**
 * Turns places inside a macroblock into strings. A string holds only those earlier values that the
 * rest of the slice depends on. A macroblock depends on no other one, so places of all slices of
 * all clips share their masks.
 */
import { FIXED, TRAILING } from '../syntax/element.ts';
import { relevantTotals } from '../syntax/residual.ts';
import type { SyntaxState } from '../syntax/state.ts';

/** @param state a state whose slice header has been read */
export function macroblockKey(state: SyntaxState): string {
  const { name, kind } = state;
  if (kind === TRAILING) return name;
  const values = kind === FIXED ? `${state.size} ${state.low}` : '';
  return `${name} ${values} ${dependencies(state)}`;
}

/** The values that the rest depends on, by element in the order of the syntax (H.264 7.3.5). */
function dependencies(state: SyntaxState): string {
  const { part, parts, mbType, isIntra, isIntra16x16 } = state;
  const slice = `${state.isIntraSlice} ${state.references} ${state.sps!.levelIdc}`;
  switch (state.name) {
    case 'mb_skip_run':
    case 'mb_type':
      return slice;
    case 'sub_mb_type':
    case 'ref_idx_l0':
    case 'mvd_l0':
      return `${slice} ${mbType} ${part} ${parts}`;
    case 'prev_intra4x4_pred_mode_flag':
    case 'rem_intra4x4_pred_mode':
      return `${part} ${state.ranges} ${state.modes.subarray(0, part)}`;
    case 'intra_chroma_pred_mode':
      return `${isIntra16x16} ${mbType}`;
    case 'coded_block_pattern':
      return `${isIntra}`;
    case 'pcm_alignment_zero_bit':
    case 'pcm_sample':
      return `${state.count}`;
    case 'mb_qp_delta':
      return `${isIntra16x16} ${state.pattern}`;
    default:
      return `${isIntra16x16} ${state.pattern} ${state.block} ${relevantTotals(state)} ${blockNumbers(state)}`;
  }
}

/** Numbers of the coefficient block that is being read (7.3.5.3.2). */
function blockNumbers(state: SyntaxState): string {
  const { total, trailingOnes, coefficientsLeft, suffixLength } = state;
  switch (state.name) {
    case 'coeff_token':
      return '';
    case 'total_zeros':
      return `${total}`;
    case 'run_before':
      return `${coefficientsLeft} ${state.zerosLeft}`;
    case 'level_suffix':
      return `${total} ${trailingOnes} ${coefficientsLeft} ${suffixLength} ${state.levelPrefix}`;
    default:
      return `${total} ${trailingOnes} ${coefficientsLeft} ${suffixLength}`;
  }
}
