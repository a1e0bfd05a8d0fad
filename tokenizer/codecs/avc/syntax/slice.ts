/**
 * The header of a slice (H.264 7.3.3), with the constraints of 7.4.3 from earlier slices and
 * pictures.
 */
import { isIdr } from './kind.ts';
import { expectMarking, expectModification } from './references.ts';
import { type SyntaxState, valuesAsRanges } from './state.ts';

const P = 0;
const I = 2;
/** A slice_type above 4 says that all slices of the picture have this type. */
const ALL_OF_PICTURE = 5;
export const BOTH_TYPES = (1 << P) | (1 << I);

/**
 * Number of slice type bits. Index: the types in the picture so far, and the possible types;
 * values: the allowed slice_type values.
 */
const TYPE_BITS = 3;
const SLICE_TYPES = Array.from({ length: 1 << (2 * TYPE_BITS) }, (_, masks) => {
  const seen = masks >> TYPE_BITS;
  const types = [P, I].filter((type) => (masks >> type) & 1);
  // A picture cannot be declared as one type when it has slices of another.
  const pure = types.filter((type) => (seen & ~(1 << type)) === 0);
  return valuesAsRanges([...types, ...pure.map((type) => type + ALL_OF_PICTURE)]);
});

export function expectSliceHeader(state: SyntaxState): void {
  const { macroblock } = state;
  state.unsigned('first_mb_in_slice', macroblock, macroblock, takeFirstMacroblock);
}

function takeFirstMacroblock(state: SyntaxState): void {
  const { typesSeen, typesAllowed, history } = state;
  const hasReferences = !isIdr(state) && history.references.length > 0;
  const possible = typesAllowed & (hasReferences ? BOTH_TYPES : 1 << I);
  state.unsigned('slice_type', 0, 0, takeType);
  state.only(SLICE_TYPES[(typesSeen << TYPE_BITS) | possible]);
}

function takeType(state: SyntaxState, value: number): void {
  const type = value % ALL_OF_PICTURE;
  state.isIntraSlice = type === I;
  state.typesSeen |= 1 << type;
  if (value >= ALL_OF_PICTURE) state.typesAllowed = 1 << type;
  const { id } = state.pps!;
  state.unsigned('pic_parameter_set_id', id, id, takeParameterSet);
}

function takeParameterSet(state: SyntaxState): void {
  const { frameNumBits } = state.sps!;
  const value = isIdr(state) ? 0 : (state.history.frameNum + 1) & ((1 << frameNumBits) - 1);
  state.fixed('frame_num', frameNumBits, value, value, takeFrameNum);
}

function takeFrameNum(state: SyntaxState, value: number): void {
  const { picture, history } = state;
  state.frameNum = value;
  state.idrPicId = -1;
  if (!isIdr(state)) {
    expectOrder(state);
    return;
  }
  state.unsigned('idr_pic_id', 0, 65_535, takeIdrPicId);
  if (picture !== undefined) state.only([picture.idrPicId, picture.idrPicId]);
  // Two consecutive IDR pictures have different idr_pic_id values (7.4.3).
  else if (history.idrPicId >= 0) state.only(allBut(history.idrPicId, 65_535));
}

function allBut(value: number, most: number): number[] {
  if (value === 0) return [1, most];
  return value === most ? [0, most - 1] : [0, value - 1, value + 1, most];
}

function takeIdrPicId(state: SyntaxState, value: number): void {
  state.idrPicId = value;
  expectOrder(state);
}

function expectOrder(state: SyntaxState): void {
  const { sps, picture } = state;
  state.order = 0;
  if (sps!.orderType !== 0) {
    expectRedundantCount(state);
    return;
  }
  const bits = sps!.orderBits;
  state.fixed('pic_order_cnt_lsb', bits, 0, 0, takeOrder);
  if (picture !== undefined) state.only([picture.order, picture.order]);
  // An IDR picture starts at 0; other pictures count from the previous reference frame
  // (8.2.1.1).
  else if (!isIdr(state)) state.only(laterOrders(state));
}

/**
 * Pictures are shown in coding order. Each is ahead of the previous one, and less than half of the
 * range ahead of the reference frame that it counts from.
 */
function laterOrders({ sps, history }: SyntaxState): number[] {
  const turn = 1 << sps!.orderBits;
  const first = history.order + history.orderAhead + 1;
  const last = history.order + turn / 2 - 1;
  if (last < turn) return [first, last];
  if (first >= turn) return [first - turn, last - turn];
  return [0, last - turn, first, turn - 1];
}

/** Whether such a value exists; if not, the next picture must be an IDR picture. */
export function hasLaterOrder({ sps, history }: SyntaxState): boolean {
  return sps!.orderType !== 0 || history.orderAhead + 1 < 1 << (sps!.orderBits - 1);
}

function takeOrder(state: SyntaxState, value: number): void {
  state.order = value;
  if (!state.pps!.bottomOrder) expectRedundantCount(state);
  else state.signed('delta_pic_order_cnt_bottom', 0, 0, expectRedundantCount);
}

function expectRedundantCount(state: SyntaxState): void {
  if (!state.pps!.redundantCount) expectReferenceCount(state);
  else state.unsigned('redundant_pic_cnt', 0, 0, expectReferenceCount);
}

function expectReferenceCount(state: SyntaxState): void {
  state.references = 0;
  if (state.isIntraSlice) {
    expectMarking(state);
    return;
  }
  // There are no more active references than reference frames.
  const least = state.pps!.references > state.history.references.length ? 1 : 0;
  state.fixed('num_ref_idx_active_override_flag', 1, least, 1, takeOverride);
}

function takeOverride(state: SyntaxState, isOverridden: number): void {
  if (isOverridden === 0) {
    state.references = state.pps!.references;
    expectModification(state);
    return;
  }
  const most = state.history.references.length;
  state.unsigned('num_ref_idx_l0_active_minus1', 0, most - 1, takeReferenceCount);
}

function takeReferenceCount(state: SyntaxState, value: number): void {
  state.references = value + 1;
  expectModification(state);
}
