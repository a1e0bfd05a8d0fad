/**
 * The NAL units of a document and their order (H.264 7.4.1.2): for each frame its parameter sets
 * and SEI, then one slice per macroblock, in raster order. A later parameter set repeats the first,
 * so that a document has one size and one setting.
 */
import { IDR_SLICE, PPS, SEI, SLICE, SPS } from '../nal.ts';
import { isIdr, isReference } from './kind.ts';
import {
  expectPictureParameters,
  expectSequenceParameters,
  pictureParameters,
  sequenceParameters,
} from './parameter-sets.ts';
import { slide } from './references.ts';
import { expectSei } from './sei.ts';
import { BOTH_TYPES, expectSliceHeader, hasLaterOrder } from './slice.ts';
import {
  type Rbsp,
  SyntaxState as State,
  type SyntaxState,
  type Target,
  valuesAsRanges,
} from './state.ts';

/** The state before the first NAL unit. */
export function startOfDocument(target?: Target): SyntaxState {
  const state = new State(target);
  expectUnit(state);
  return state;
}

export function macroblocksOf(state: SyntaxState): number {
  return state.sps!.macroblocksWide * state.sps!.macroblocksHigh;
}

/** Whether the document may end here, between two NAL units. */
export function canEnd(state: SyntaxState): boolean {
  const { target, frame, macroblock, unitsOfFrame } = state;
  if (frame === 0 || macroblock > 0 || unitsOfFrame !== 0) return false;
  return target === undefined || frame === target.frames;
}

/** Whether another NAL unit may follow. */
export function canGoOn({ target, frame }: SyntaxState): boolean {
  return target === undefined || frame < target.frames;
}

/**
 * Whether the start code before this unit has four bytes (B.1.2): it must before parameter sets and
 * before the first unit of a picture; elsewhere it may.
 */
export function needsZeroByte({ macroblock, unitsOfFrame }: SyntaxState, type: number): boolean {
  return type === SPS || type === PPS || (macroblock === 0 && unitsOfFrame === 0);
}

function expectUnit(state: SyntaxState): void {
  state.position = -8;
  state.isHeaderRead = false;
  const { picture } = state;
  const [low, high] = picture === undefined ? [0, 255] : [picture.header, picture.header];
  state.fixed('nal_unit_header', 8, low, high, takeHeader);
  if (picture === undefined) state.only(valuesAsRanges(headersOfFrame(state)));
}

const ANY_REFERENCE = [1, 2, 3];

/**
 * Header bytes (forbidden_zero_bit, nal_ref_idc, nal_unit_type) of the units that may come before a
 * frame's first slice, or be that slice.
 */
function headersOfFrame(state: SyntaxState): number[] {
  const { sps, pps, history, unitsOfFrame } = state;
  const had = (type: number) => ((unitsOfFrame >> type) & 1) === 1;
  const headers = (type: number, refIdcs: readonly number[]) =>
    refIdcs.map((refIdc) => (refIdc << 5) | type);
  const allowed: number[] = [];
  if (!had(SPS) && !had(PPS) && !had(SEI)) allowed.push(...headers(SPS, ANY_REFERENCE));
  if (sps === undefined) return allowed;
  if (!had(PPS) && !had(SEI)) allowed.push(...headers(PPS, ANY_REFERENCE));
  if (pps === undefined) return allowed;
  if (!had(SEI)) allowed.push(...headers(SEI, [0]));
  allowed.push(...headers(IDR_SLICE, ANY_REFERENCE));
  // Parameter sets come only before an IDR picture.
  if (state.frame > 0 && !had(SPS) && !had(PPS) && hasLaterOrder(state)) {
    // With order type 2, two consecutive pictures cannot both be non-reference pictures
    // (7.4.2.1.1).
    const canSkip = sps.orderType === 0 || history.wasReference;
    allowed.push(...headers(SLICE, canSkip ? [0, ...ANY_REFERENCE] : ANY_REFERENCE));
  }
  return allowed;
}

function takeHeader(state: SyntaxState, header: number): void {
  state.header = header;
  state.position = 0;
  const type = header & 31;
  switch (type) {
    case SPS:
      state.finish = finishSequenceParameters;
      if (state.spsBytes === undefined) expectSequenceParameters(state);
      else expectRepeated(state, state.spsBytes);
      break;
    case PPS:
      state.finish = finishPictureParameters;
      if (state.ppsBytes === undefined) expectPictureParameters(state);
      else expectRepeated(state, state.ppsBytes);
      break;
    case SEI:
      state.finish = finishOther;
      expectSei(state);
      break;
    default:
      state.finish = finishSlice;
      if (state.picture === undefined) {
        state.typesSeen = 0;
        state.typesAllowed = BOTH_TYPES;
      }
      expectSliceHeader(state);
  }
}

/** Expects the same bytes again; of the last byte, only the bits before the trailing bits. */
function expectRepeated(state: SyntaxState, bytes: Rbsp): void {
  state.index = 0;
  expectRepeatedByte(state, bytes);
}

function expectRepeatedByte(state: SyntaxState, bytes: Rbsp): void {
  const byte = bytes[state.index];
  if (state.index < bytes.length - 1) {
    state.fixed('repeated parameter set', 8, byte, byte, takeRepeatedByte);
    return;
  }
  const trailingBits = 32 - Math.clz32(byte & -byte);
  const rest = byte >> trailingBits;
  if (trailingBits === 8) state.trailing();
  else state.fixed('repeated parameter set', 8 - trailingBits, rest, rest, takeRepeatedEnd);
}

function takeRepeatedByte(state: SyntaxState): void {
  state.index++;
  expectRepeatedByte(state, (state.header & 31) === SPS ? state.spsBytes! : state.ppsBytes!);
}

function takeRepeatedEnd(state: SyntaxState): void {
  state.trailing();
}

function finishSequenceParameters(state: SyntaxState, rbsp: Rbsp): void {
  if (state.spsBytes === undefined) {
    state.spsBytes = rbsp;
    state.sps = sequenceParameters(state);
  }
  finishOther(state);
}

function finishPictureParameters(state: SyntaxState, rbsp: Rbsp): void {
  if (state.ppsBytes === undefined) {
    state.ppsBytes = rbsp;
    state.pps = pictureParameters(state);
  }
  finishOther(state);
}

function finishOther(state: SyntaxState): void {
  state.unitsOfFrame |= 1 << (state.header & 31);
  expectUnit(state);
}

function finishSlice(state: SyntaxState): void {
  const { header, frameNum, idrPicId, order, marking, isAdaptive } = state;
  state.picture ??= { header, frameNum, idrPicId, order, marking, isAdaptive };
  if (++state.macroblock === macroblocksOf(state)) finishPicture(state);
  expectUnit(state);
}

/** Puts the picture into the list of reference frames (8.2.5). */
function finishPicture(state: SyntaxState): void {
  const { history, sps, frameNum, idrPicId, order, isAdaptive } = state;
  const wasReference = isReference(state);
  let { references } = history;
  if (isIdr(state)) references = [];
  else if (wasReference) {
    references = isAdaptive ? state.remaining : slide(references, sps!.maxReferences);
  }
  const turn = 1 << sps!.orderBits;
  state.history = {
    references: wasReference ? [frameNum, ...references] : references,
    frameNum: wasReference ? frameNum : history.frameNum,
    idrPicId,
    order: wasReference ? order : history.order,
    orderAhead: wasReference ? 0 : (order - history.order + turn) % turn,
    wasReference,
  };
  state.picture = undefined;
  state.macroblock = 0;
  state.unitsOfFrame = 0;
  state.frame++;
}
