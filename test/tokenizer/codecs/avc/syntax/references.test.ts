/** Reference frames in slice headers, worked out by hand from H.264 8.2.4.3 and 8.2.5. */
import test from 'ava';
import { NO_HISTORY } from '../../../../../tokenizer/codecs/avc/syntax/context.ts';
import {
  expectMarking,
  expectModification,
  slide,
} from '../../../../../tokenizer/codecs/avc/syntax/references.ts';
import { SyntaxState } from '../../../../../tokenizer/codecs/avc/syntax/state.ts';

const IDR = 0x65;
const REFERENCE = 0x61;
const NO_REFERENCE = 0x01;

/** Frame 2 of 16 numbers, after references 1, 15 and 14: the numbers have turned over. */
function frame(
  header: number,
  { frameNum = 2, references = [1, 15, 14], maxReferences = 4, active = 2 } = {},
): SyntaxState {
  const state = new SyntaxState();
  state.header = header;
  state.frameNum = frameNum;
  state.references = active;
  state.history = { ...NO_HISTORY, references };
  state.sps = {
    levelIdc: 30,
    id: 0,
    frameNumBits: 4,
    orderType: 2,
    orderBits: 4,
    maxReferences,
    macroblocksWide: 1,
    macroblocksHigh: 1,
    cropWide: 0,
    cropHigh: 0,
  };
  state.pps = {
    id: 0,
    bottomOrder: false,
    references: 2,
    initialQp: 26,
    deblockingControl: false,
    redundantCount: false,
  };
  return state;
}

/** Gives the element that is expected a value. */
function give(state: SyntaxState, value: number): void {
  state.take(state, value);
}

const allowed = ({ name, ranges, low, high }: SyntaxState) => [name, ...(ranges ?? [low, high])];

test('commands lead from one reference frame to another, modulo the number of frame numbers', (t) => {
  const state = frame(REFERENCE);
  expectModification(state);
  t.deepEqual(allowed(state), ['ref_pic_list_modification_flag_l0', 0, 1]);
  give(state, 1);
  t.deepEqual(allowed(state), ['modification_of_pic_nums_idc', 0, 1], 'one at least');
  give(state, 0);
  // Back from 2: 1 is 1 away, 15 is 3, 14 is 4.
  t.deepEqual(allowed(state), ['abs_diff_pic_num_minus1', 0, 0, 2, 2, 3, 3]);
  give(state, 2);
  t.is(state.picNum, 15);
  t.deepEqual(allowed(state), ['modification_of_pic_nums_idc', 0, 1, 3, 3]);
  give(state, 1);
  // Onward from 15: 1 is 2 away, 14 is 15, and 15 itself a whole turn.
  t.deepEqual(allowed(state), ['abs_diff_pic_num_minus1', 1, 1, 14, 14, 15, 15]);
  give(state, 1);
  t.is(state.picNum, 1);
  t.deepEqual(allowed(state), ['modification_of_pic_nums_idc', 3, 3], 'two entries: no third');
  give(state, 3);
  t.is(state.name, 'adaptive_ref_pic_marking_mode_flag');
});

test('a list that is left as it is has no commands; a picture that nothing refers to has no marking', (t) => {
  const state = frame(NO_REFERENCE);
  expectModification(state);
  give(state, 0);
  t.deepEqual(allowed(state), ['slice_qp_delta', -26, 25]);
});

test('an IDR picture shows what came before it and becomes a short-term reference', (t) => {
  const state = frame(IDR);
  expectMarking(state);
  t.deepEqual(allowed(state), ['no_output_of_prior_pics_flag', 0, 0]);
  give(state, 0);
  t.deepEqual(allowed(state), ['long_term_reference_flag', 0, 0]);
  give(state, 0);
  t.is(state.name, 'slice_qp_delta');
});

test('with room left the window slides or commands unmark; without references it only slides', (t) => {
  const free = frame(REFERENCE);
  expectMarking(free);
  t.deepEqual(allowed(free), ['adaptive_ref_pic_marking_mode_flag', 0, 1]);
  give(free, 0);
  t.deepEqual([free.name, free.isAdaptive, free.marking], ['slice_qp_delta', false, []]);
  const first = frame(REFERENCE, { references: [] });
  expectMarking(first);
  t.deepEqual(allowed(first), ['adaptive_ref_pic_marking_mode_flag', 0, 0]);
});

test('commands go on until there is room, and unmark what is still marked', (t) => {
  const state = frame(REFERENCE, { maxReferences: 3 });
  expectMarking(state);
  give(state, 1);
  t.deepEqual(allowed(state), ['memory_management_control_operation', 1, 1], 'no room yet');
  give(state, 1);
  t.deepEqual(allowed(state), ['difference_of_pic_nums_minus1', 0, 0, 2, 2, 3, 3]);
  give(state, 2);
  t.deepEqual(state.remaining, [1, 14]);
  t.deepEqual(allowed(state), ['memory_management_control_operation', 0, 0, 1, 1]);
  give(state, 1);
  t.deepEqual(allowed(state), ['difference_of_pic_nums_minus1', 0, 0, 3, 3]);
  give(state, 3);
  t.deepEqual(state.remaining, [1]);
  give(state, 0);
  t.deepEqual(state.marking, [1, 2, 1, 3, 0]);
  t.is(state.name, 'slice_qp_delta');
});

test('a frame number that the next picture needs is unmarked before', (t) => {
  // The next frame is 3. The window holds three and keeps 2 of these, 3 among them.
  const stale = frame(REFERENCE, { references: [1, 3, 14], maxReferences: 3 });
  expectMarking(stale);
  t.deepEqual(allowed(stale), ['adaptive_ref_pic_marking_mode_flag', 1, 1]);
  give(stale, 1);
  give(stale, 1);
  give(stale, 0);
  t.deepEqual(stale.remaining, [3, 14]);
  t.deepEqual(allowed(stale), ['memory_management_control_operation', 1, 1], '3 is still there');
  // The window slides past it when it is the oldest.
  const sliding = frame(REFERENCE, { references: [1, 14, 3], maxReferences: 3 });
  expectMarking(sliding);
  t.deepEqual(allowed(sliding), ['adaptive_ref_pic_marking_mode_flag', 0, 1]);
});

test('later slices of a picture repeat what the first one said', (t) => {
  const state = frame(REFERENCE);
  const common = { header: REFERENCE, frameNum: 2, idrPicId: 0, order: 0 };
  state.picture = { ...common, isAdaptive: true, marking: [1, 2, 0] };
  expectMarking(state);
  t.deepEqual(allowed(state), ['adaptive_ref_pic_marking_mode_flag', 1, 1]);
  give(state, 1);
  t.deepEqual(allowed(state), ['memory_management_control_operation', 1, 1]);
  give(state, 1);
  t.deepEqual(allowed(state), ['difference_of_pic_nums_minus1', 2, 2]);
  give(state, 2);
  t.deepEqual(allowed(state), ['memory_management_control_operation', 0, 0]);
  state.picture = { ...common, isAdaptive: false, marking: [] };
  expectMarking(state);
  t.deepEqual(allowed(state), ['adaptive_ref_pic_marking_mode_flag', 0, 0]);
});

test('the window slides: room for one more, the oldest gone', (t) => {
  t.deepEqual(slide([5, 4, 3], 3), [5, 4]);
  t.deepEqual(slide([5], 3), [5]);
  t.deepEqual(slide([5], 1), []);
});
