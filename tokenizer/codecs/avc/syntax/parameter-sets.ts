/**
 * Sequence and picture parameter sets (H.264 7.3.2.1.1, 7.3.2.2) of the baseline
 * profile: progressive, CAVLC, one slice group.
 */

import type { PictureParameters, SequenceParameters } from './context.ts';
import { keep } from './draft.ts';
import type { SyntaxState } from './state.ts';
import { expectVui } from './vui.ts';

const BASELINE = 66;
/** level_idc values of table A-1; 9 is not a level of the baseline profile. */
const LEVELS = [10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62];
/** Documents have at most 4096 pixels per side, and at most the macroblocks of level 5.1. */
const MOST_MACROBLOCKS_ACROSS = 256;
const MOST_MACROBLOCKS = 36_864;
/** Limit of every level (A.3.1). */
const MOST_REFERENCES = 16;
/** Cropping counts in pairs of pixels with chroma 4:2:0 (7.4.2.1.1). */
const CROP_UNITS_OF_MACROBLOCK = 8;

export function expectSequenceParameters(state: SyntaxState): void {
  state.draft = {};
  state.fixed('profile_idc', 8, BASELINE, BASELINE, takeProfile);
}

function takeProfile(state: SyntaxState): void {
  // constraint_set0_flag to constraint_set5_flag may have any value.
  state.fixed('constraint_set_flags', 6, 0, 63, takeConstraints);
}

function takeConstraints(state: SyntaxState): void {
  state.fixed('reserved_zero_2bits', 2, 0, 0, takeReserved);
}

function takeReserved(state: SyntaxState): void {
  state.fixed('level_idc', 8, 0, 0, takeLevel);
  state.only(LEVELS.flatMap((level) => [level, level]));
}

function takeLevel(state: SyntaxState, value: number): void {
  keep(state, 'levelIdc', value);
  state.unsigned('seq_parameter_set_id', 0, 31, takeSequenceId);
}

function takeSequenceId(state: SyntaxState, value: number): void {
  keep(state, 'id', value);
  state.unsigned('log2_max_frame_num_minus4', 0, 12, takeFrameNumBits);
}

function takeFrameNumBits(state: SyntaxState, value: number): void {
  keep(state, 'frameNumBits', value + 4);
  state.unsigned('pic_order_cnt_type', 0, 0, takeOrderType);
  // No encoder without B pictures writes type 1, a cycle of offsets.
  state.only([0, 0, 2, 2]);
}

function takeOrderType(state: SyntaxState, value: number): void {
  keep(state, 'orderType', value);
  if (value === 2) expectMaxReferences(state);
  else state.unsigned('log2_max_pic_order_cnt_lsb_minus4', 0, 12, takeOrderBits);
}

function takeOrderBits(state: SyntaxState, value: number): void {
  keep(state, 'orderBits', value + 4);
  expectMaxReferences(state);
}

function expectMaxReferences(state: SyntaxState): void {
  // The reference frames and the current frame have different frame_num values.
  const most = Math.min(MOST_REFERENCES, (1 << state.draft.frameNumBits) - 1);
  // With 0, ffmpeg does not show all pictures.
  state.unsigned('max_num_ref_frames', 1, most, takeMaxReferences);
}

function takeMaxReferences(state: SyntaxState, value: number): void {
  keep(state, 'maxReferences', value);
  state.fixed('gaps_in_frame_num_value_allowed_flag', 1, 0, 0, takeGaps);
}

function takeGaps(state: SyntaxState): void {
  const wide = across(state.target?.width);
  const [least, most] = wide === undefined ? [1, MOST_MACROBLOCKS_ACROSS] : [wide, wide];
  state.unsigned('pic_width_in_mbs_minus1', least - 1, most - 1, takeWidth);
}

function across(pixels: number | undefined): number | undefined {
  return pixels === undefined ? undefined : Math.ceil(pixels / 16);
}

function takeWidth(state: SyntaxState, value: number): void {
  const wide = value + 1;
  keep(state, 'macroblocksWide', wide);
  const high = across(state.target?.height);
  const room = Math.min(MOST_MACROBLOCKS_ACROSS, Math.floor(MOST_MACROBLOCKS / wide));
  const [least, most] = high === undefined ? [1, room] : [high, high];
  state.unsigned('pic_height_in_map_units_minus1', least - 1, most - 1, takeHeight);
}

function takeHeight(state: SyntaxState, value: number): void {
  keep(state, 'macroblocksHigh', value + 1);
  state.fixed('frame_mbs_only_flag', 1, 1, 1, takeFramesOnly);
}

function takeFramesOnly(state: SyntaxState): void {
  state.flag('direct_8x8_inference_flag', takeInference);
}

/** Number of units to crop in one direction, if the size is given. */
function cropTarget(pixels: number | undefined, macroblocks: number): number | undefined {
  return pixels === undefined ? undefined : CROP_UNITS_OF_MACROBLOCK * macroblocks - pixels / 2;
}

function takeInference(state: SyntaxState): void {
  const { target, draft } = state;
  const wide = cropTarget(target?.width, draft.macroblocksWide);
  const high = cropTarget(target?.height, draft.macroblocksHigh);
  const least = wide !== undefined && wide + high! > 0 ? 1 : 0;
  const most = wide === undefined ? 1 : least;
  state.fixed('frame_cropping_flag', 1, least, most, takeCropping);
}

function takeCropping(state: SyntaxState, isCropped: number): void {
  if (isCropped === 0) {
    expectVuiFlag(state);
    return;
  }
  const most =
    cropTarget(state.target?.width, state.draft.macroblocksWide) ??
    CROP_UNITS_OF_MACROBLOCK * state.draft.macroblocksWide - 1;
  state.unsigned('frame_crop_left_offset', 0, most, takeCropLeft);
}

function takeCropLeft(state: SyntaxState, value: number): void {
  keep(state, 'cropWide', value);
  const wide = cropTarget(state.target?.width, state.draft.macroblocksWide);
  const most = (wide ?? CROP_UNITS_OF_MACROBLOCK * state.draft.macroblocksWide - 1) - value;
  state.unsigned('frame_crop_right_offset', wide === undefined ? 0 : most, most, takeCropRight);
}

function takeCropRight(state: SyntaxState, value: number): void {
  keep(state, 'cropWide', state.draft.cropWide + value);
  const most =
    cropTarget(state.target?.height, state.draft.macroblocksHigh) ??
    CROP_UNITS_OF_MACROBLOCK * state.draft.macroblocksHigh - 1;
  state.unsigned('frame_crop_top_offset', 0, most, takeCropTop);
}

function takeCropTop(state: SyntaxState, value: number): void {
  keep(state, 'cropHigh', value);
  const high = cropTarget(state.target?.height, state.draft.macroblocksHigh);
  const most = (high ?? CROP_UNITS_OF_MACROBLOCK * state.draft.macroblocksHigh - 1) - value;
  state.unsigned('frame_crop_bottom_offset', high === undefined ? 0 : most, most, takeCropBottom);
}

function takeCropBottom(state: SyntaxState, value: number): void {
  keep(state, 'cropHigh', state.draft.cropHigh + value);
  expectVuiFlag(state);
}

function expectVuiFlag(state: SyntaxState): void {
  state.flag('vui_parameters_present_flag', takeVuiFlag);
}

function takeVuiFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) expectVui(state);
  else state.trailing();
}

/** The sequence parameter set that was read. */
export function sequenceParameters({ draft }: SyntaxState): SequenceParameters {
  return {
    levelIdc: draft.levelIdc,
    id: draft.id,
    frameNumBits: draft.frameNumBits,
    orderType: draft.orderType,
    orderBits: draft.orderBits ?? 0,
    maxReferences: draft.maxReferences,
    macroblocksWide: draft.macroblocksWide,
    macroblocksHigh: draft.macroblocksHigh,
    cropWide: draft.cropWide ?? 0,
    cropHigh: draft.cropHigh ?? 0,
  };
}

export function expectPictureParameters(state: SyntaxState): void {
  state.draft = {};
  state.unsigned('pic_parameter_set_id', 0, 255, takePictureId);
}

function takePictureId(state: SyntaxState, value: number): void {
  keep(state, 'id', value);
  const { id } = state.sps!;
  state.unsigned('seq_parameter_set_id', id, id, takeSequenceReference);
}

function takeSequenceReference(state: SyntaxState): void {
  state.fixed('entropy_coding_mode_flag', 1, 0, 0, takeEntropy);
}

function takeEntropy(state: SyntaxState): void {
  state.flag('bottom_field_pic_order_in_frame_present_flag', takeBottomOrder);
}

function takeBottomOrder(state: SyntaxState, value: number): void {
  keep(state, 'bottomOrder', value);
  state.unsigned('num_slice_groups_minus1', 0, 0, takeSliceGroups);
}

function takeSliceGroups(state: SyntaxState): void {
  state.unsigned('num_ref_idx_l0_default_active_minus1', 0, 15, takeReferences);
}

function takeReferences(state: SyntaxState, value: number): void {
  keep(state, 'references', value + 1);
  state.unsigned('num_ref_idx_l1_default_active_minus1', 0, 15, takeBackward);
}

function takeBackward(state: SyntaxState): void {
  state.fixed('weighted_pred_flag', 1, 0, 0, takeWeighted);
}

function takeWeighted(state: SyntaxState): void {
  state.fixed('weighted_bipred_idc', 2, 0, 0, takeBiWeighted);
}

function takeBiWeighted(state: SyntaxState): void {
  state.signed('pic_init_qp_minus26', -26, 25, takeQp);
}

function takeQp(state: SyntaxState, value: number): void {
  keep(state, 'initialQp', value + 26);
  state.signed('pic_init_qs_minus26', -26, 25, takeQs);
}

function takeQs(state: SyntaxState): void {
  state.signed('chroma_qp_index_offset', -12, 12, takeChromaOffset);
}

function takeChromaOffset(state: SyntaxState): void {
  state.flag('deblocking_filter_control_present_flag', takeDeblocking);
}

function takeDeblocking(state: SyntaxState, value: number): void {
  keep(state, 'deblockingControl', value);
  state.flag('constrained_intra_pred_flag', takeConstrainedIntra);
}

function takeConstrainedIntra(state: SyntaxState): void {
  state.flag('redundant_pic_cnt_present_flag', takeRedundant);
}

function takeRedundant(state: SyntaxState, value: number): void {
  keep(state, 'redundantCount', value);
  state.trailing();
}

/** The picture parameter set that was read. */
export function pictureParameters({ draft }: SyntaxState): PictureParameters {
  return {
    id: draft.id,
    bottomOrder: draft.bottomOrder === 1,
    references: draft.references,
    initialQp: draft.initialQp,
    deblockingControl: draft.deblockingControl === 1,
    redundantCount: draft.redundantCount === 1,
  };
}
