/**
 * Reference frames in a slice header: ref_pic_list_modification (H.264 7.3.3.1, 8.2.4.3) and
 * dec_ref_pic_marking (7.3.3.3, 8.2.5). Only short-term reference frames exist; each is identified
 * by its frame_num, which is unique among them.
 */
import { expectQp } from './filter.ts';
import { isIdr, isReference } from './kind.ts';
import { type SyntaxState, valuesAsRanges } from './state.ts';

const SUBTRACT = 0;
const ADD = 1;
const END_OF_LIST = 3;

/** memory_management_control_operation (table 7-9). */
const END_OF_MARKING = 0;
const UNMARK_SHORT_TERM = 1;

export function expectModification(state: SyntaxState): void {
  state.flag('ref_pic_list_modification_flag_l0', takeModificationFlag);
}

function takeModificationFlag(state: SyntaxState, isModified: number): void {
  if (isModified === 0) {
    expectMarking(state);
    return;
  }
  state.picNum = state.frameNum;
  state.commands = 0;
  expectCommand(state);
}

/** Expects at least one command, and at most one per entry of the list. */
function expectCommand(state: SyntaxState): void {
  const { commands, references } = state;
  state.unsigned('modification_of_pic_nums_idc', 0, 0, takeCommand);
  if (commands === 0) state.only([SUBTRACT, ADD]);
  else if (commands < references) state.only([SUBTRACT, ADD, END_OF_LIST, END_OF_LIST]);
  else state.only([END_OF_LIST, END_OF_LIST]);
}

function takeCommand(state: SyntaxState, command: number): void {
  if (command === END_OF_LIST) {
    expectMarking(state);
    return;
  }
  const { picNum, history } = state;
  const differences = history.references.map((frameNum) =>
    distance(state, command === ADD ? frameNum - picNum : picNum - frameNum),
  );
  const take = command === ADD ? takeAdded : takeSubtracted;
  state.unsigned('abs_diff_pic_num_minus1', 0, 0, take);
  state.only(valuesAsRanges(differences.map((difference) => difference - 1)));
}

/** A difference modulo MaxFrameNum, in the range 1..MaxFrameNum. */
function distance({ sps }: SyntaxState, difference: number): number {
  const turn = 1 << sps!.frameNumBits;
  return ((difference + 2 * turn - 1) % turn) + 1;
}

function takeSubtracted(state: SyntaxState, value: number): void {
  moveTo(state, state.picNum - (value + 1));
}

function takeAdded(state: SyntaxState, value: number): void {
  moveTo(state, state.picNum + value + 1);
}

function moveTo(state: SyntaxState, picNum: number): void {
  const turn = 1 << state.sps!.frameNumBits;
  state.picNum = (picNum + turn) % turn;
  state.commands++;
  expectCommand(state);
}

/** Expects dec_ref_pic_marking, which is the same in all slices of a picture. */
export function expectMarking(state: SyntaxState): void {
  state.marking = [];
  state.isAdaptive = false;
  state.remaining = state.history.references;
  if (!isReference(state)) {
    expectQp(state);
  } else if (isIdr(state)) {
    state.flag('no_output_of_prior_pics_flag', takeNoOutput);
    // A clip has no pictures that are not shown.
    state.only([0, 0]);
  } else {
    state.flag('adaptive_ref_pic_marking_mode_flag', takeAdaptive);
    const { picture, history, sps } = state;
    const isFixed = picture !== undefined ? Number(picture.isAdaptive) : -1;
    if (isFixed >= 0) state.only([isFixed, isFixed]);
    // Without reference frames there is nothing to mark; the sliding window only drops the
    // oldest.
    else if (history.references.length === 0) state.only([0, 0]);
    else if (isStale(state, slide(history.references, sps!.maxReferences))) state.only([1, 1]);
  }
}

/**
 * The sliding window: unmarks the oldest reference frame when there is no room for one more
 * (8.2.5.3).
 */
export function slide(references: readonly number[], most: number): readonly number[] {
  return references.slice(0, most - 1);
}

/** Whether the next frame would have the frame_num of a reference frame. */
function isStale({ frameNum, sps }: SyntaxState, references: readonly number[]): boolean {
  return references.includes((frameNum + 1) & ((1 << sps!.frameNumBits) - 1));
}

function takeNoOutput(state: SyntaxState): void {
  state.fixed('long_term_reference_flag', 1, 0, 0, expectQp);
}

function takeAdaptive(state: SyntaxState, isAdaptive: number): void {
  state.isAdaptive = isAdaptive === 1;
  if (state.isAdaptive) expectOperation(state);
  else expectQp(state);
}

function expectOperation(state: SyntaxState): void {
  const { picture, marking, remaining, sps } = state;
  state.unsigned('memory_management_control_operation', 0, 0, takeOperation);
  if (picture !== undefined) {
    const operation = picture.marking[marking.length];
    state.only([operation, operation]);
    return;
  }
  const canEnd = remaining.length < sps!.maxReferences && !isStale(state, remaining);
  const canUnmark = remaining.length > 0;
  state.only(
    valuesAsRanges([
      ...(canEnd ? [END_OF_MARKING] : []),
      ...(canUnmark ? [UNMARK_SHORT_TERM] : []),
    ]),
  );
}

function takeOperation(state: SyntaxState, operation: number): void {
  state.marking = [...state.marking, operation];
  if (operation === END_OF_MARKING) {
    expectQp(state);
    return;
  }
  const { picture, marking, remaining, frameNum } = state;
  state.unsigned('difference_of_pic_nums_minus1', 0, 0, takeDifference);
  if (picture !== undefined) {
    const difference = picture.marking[marking.length];
    state.only([difference, difference]);
    return;
  }
  const differences = remaining.map((reference) => distance(state, frameNum - reference) - 1);
  state.only(valuesAsRanges(differences));
}

function takeDifference(state: SyntaxState, value: number): void {
  const { marking, remaining, frameNum } = state;
  state.marking = [...marking, value];
  state.remaining = remaining.filter(
    (reference) => distance(state, frameNum - reference) !== value + 1,
  );
  expectOperation(state);
}
