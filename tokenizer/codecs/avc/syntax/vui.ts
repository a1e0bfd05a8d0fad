/** Video usability information (H.264 annex E.1.1), at the end of a sequence parameter set. */

import { frameSize, keep } from './draft.ts';
import { expectHrd } from './hrd.ts';
import type { SyntaxState } from './state.ts';

/** aspect_ratio_idc (table E-1): 0..16, or 255 for an explicit ratio. */
const LAST_ASPECT = 16;
const EXTENDED_SAR = 255;
const MOST_16 = 65_535;
const MOST_32 = 2 ** 32 - 1;

export function expectVui(state: SyntaxState): void {
  state.flag('aspect_ratio_info_present_flag', takeAspectFlag);
}

function takeAspectFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 0) {
    expectOverscan(state);
    return;
  }
  state.fixed('aspect_ratio_idc', 8, 0, EXTENDED_SAR, takeAspect);
  state.only([0, LAST_ASPECT, EXTENDED_SAR, EXTENDED_SAR]);
}

function takeAspect(state: SyntaxState, value: number): void {
  if (value === EXTENDED_SAR) state.fixed('sar_width', 16, 0, MOST_16, takeSarWidth);
  else expectOverscan(state);
}

/**
 * The standard sets no limit. But ffmpeg refuses a ratio that scales one side to less than a pixel;
 * it then starts again at each frame and loses frames that refer to others.
 */
function takeSarWidth(state: SyntaxState, sarWidth: number): void {
  const { width, height } = frameSize(state.draft);
  const least = sarWidth === 0 ? 0 : Math.ceil(sarWidth / height);
  const most = sarWidth === 0 ? MOST_16 : Math.min(MOST_16, sarWidth * width);
  state.fixed('sar_height', 16, least, most, expectOverscan);
}

function expectOverscan(state: SyntaxState): void {
  state.flag('overscan_info_present_flag', takeOverscanFlag);
}

function takeOverscanFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.flag('overscan_appropriate_flag', expectSignalType);
  else expectSignalType(state);
}

function expectSignalType(state: SyntaxState): void {
  state.flag('video_signal_type_present_flag', takeSignalFlag);
}

function takeSignalFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.fixed('video_format', 3, 0, 5, takeVideoFormat);
  else expectChromaLocation(state);
}

function takeVideoFormat(state: SyntaxState): void {
  state.flag('video_full_range_flag', takeFullRange);
}

function takeFullRange(state: SyntaxState): void {
  state.flag('colour_description_present_flag', takeColourFlag);
}

function takeColourFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.fixed('colour_primaries', 8, 1, 255, takePrimaries);
  else expectChromaLocation(state);
}

function takePrimaries(state: SyntaxState): void {
  state.fixed('transfer_characteristics', 8, 1, 255, takeTransfer);
}

function takeTransfer(state: SyntaxState): void {
  // 0 means G, B and R samples, which exist in 4:4:4 only.
  state.fixed('matrix_coefficients', 8, 1, 255, expectChromaLocation);
}

function expectChromaLocation(state: SyntaxState): void {
  state.flag('chroma_loc_info_present_flag', takeChromaFlag);
}

function takeChromaFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.unsigned('chroma_sample_loc_type_top_field', 0, 5, takeChromaTop);
  else expectTiming(state);
}

function takeChromaTop(state: SyntaxState): void {
  state.unsigned('chroma_sample_loc_type_bottom_field', 0, 5, expectTiming);
}

function expectTiming(state: SyntaxState): void {
  state.flag('timing_info_present_flag', takeTimingFlag);
}

function takeTimingFlag(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.fixed('num_units_in_tick', 32, 1, MOST_32, takeTick);
  else expectNalHrd(state);
}

function takeTick(state: SyntaxState): void {
  state.fixed('time_scale', 32, 1, MOST_32, takeTimeScale);
}

function takeTimeScale(state: SyntaxState): void {
  state.flag('fixed_frame_rate_flag', expectNalHrd);
}

function expectNalHrd(state: SyntaxState): void {
  state.flag('nal_hrd_parameters_present_flag', takeNalHrd);
}

function takeNalHrd(state: SyntaxState, isPresent: number): void {
  keep(state, 'hrd', isPresent);
  if (isPresent === 1) expectHrd(state, expectVclHrd);
  else expectVclHrd(state);
}

function expectVclHrd(state: SyntaxState): void {
  state.flag('vcl_hrd_parameters_present_flag', takeVclHrd);
}

function takeVclHrd(state: SyntaxState, isPresent: number): void {
  keep(state, 'hrd', state.draft.hrd | isPresent);
  keep(state, 'isVclHrd', isPresent);
  if (isPresent === 1) expectHrd(state, expectLowDelay);
  else expectLowDelay(state);
}

function expectLowDelay(state: SyntaxState): void {
  if (state.draft.hrd === 1) state.flag('low_delay_hrd_flag', expectStructure);
  else expectStructure(state);
}

function expectStructure(state: SyntaxState): void {
  state.flag('pic_struct_present_flag', takeStructure);
}

function takeStructure(state: SyntaxState): void {
  state.flag('bitstream_restriction_flag', takeRestriction);
}

function takeRestriction(state: SyntaxState, isPresent: number): void {
  if (isPresent === 1) state.flag('motion_vectors_over_pic_boundaries_flag', takeOverBoundaries);
  else state.trailing();
}

function takeOverBoundaries(state: SyntaxState): void {
  state.unsigned('max_bytes_per_pic_denom', 0, 16, takePictureBytes);
}

function takePictureBytes(state: SyntaxState): void {
  state.unsigned('max_bits_per_mb_denom', 0, 16, takeMacroblockBits);
}

function takeMacroblockBits(state: SyntaxState): void {
  state.unsigned('log2_max_mv_length_horizontal', 0, 16, takeLengthAcross);
}

function takeLengthAcross(state: SyntaxState): void {
  state.unsigned('log2_max_mv_length_vertical', 0, 16, takeLengthDown);
}

function takeLengthDown(state: SyntaxState): void {
  // Pictures are shown in coding order, so no picture waits for another.
  state.unsigned('max_num_reorder_frames', 0, 0, takeReorder);
}

function takeReorder(state: SyntaxState): void {
  const { maxReferences } = state.draft;
  state.unsigned('max_dec_frame_buffering', maxReferences, 16, takeBuffering);
}

function takeBuffering(state: SyntaxState): void {
  state.trailing();
}
