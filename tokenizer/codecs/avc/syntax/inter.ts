/**
 * Motion of a P macroblock (H.264 7.3.5.1 mb_pred, 7.3.5.2 sub_mb_pred): reference
 * indices and motion vector differences of its partitions.
 */
import { expectPattern } from './pattern.ts';
import type { SyntaxState } from './state.ts';

/** mb_type of a P slice (table 7-13). */
const P_16X16 = 0;
const P_8X8 = 3;
const P_8X8REF0 = 4;

/** Motion vectors per 8x8 block, by sub_mb_type (table 7-17). */
const VECTORS = [1, 2, 2, 4];

/**
 * Motion vectors are limited to -2048..2047.75 pixels horizontally (A.3.1); a difference can be
 * twice as large.
 */
const LEAST_VECTOR = -8192;
const MOST_VECTOR = 8191;

export function expectMotion(state: SyntaxState): void {
  state.part = 0;
  if (state.mbType >= P_8X8) {
    state.parts = 0;
    expectSubType(state);
    return;
  }
  state.parts = state.mbType === P_16X16 ? 1 : 2;
  expectReference(state, state.parts);
}

function expectSubType(state: SyntaxState): void {
  state.unsigned('sub_mb_type', 0, 3, takeSubType);
}

function takeSubType(state: SyntaxState, value: number): void {
  state.parts += VECTORS[value];
  if (++state.part < 4) {
    expectSubType(state);
    return;
  }
  state.part = 0;
  expectReference(state, 4);
}

/**
 * ref_idx_l0 of `left` more partitions, as te(v) (9.1): a single inverted bit when there are two
 * references.
 */
function expectReference(state: SyntaxState, left: number): void {
  if (left === 0 || state.references === 1 || state.mbType === P_8X8REF0) {
    state.part = 0;
    expectDifference(state);
    return;
  }
  state.part = left;
  if (state.references === 2) state.flag('ref_idx_l0', takeReference);
  else state.unsigned('ref_idx_l0', 0, state.references - 1, takeReference);
}

function takeReference(state: SyntaxState): void {
  expectReference(state, state.part - 1);
}

/** mvd_l0 of each vector, horizontal then vertical. */
function expectDifference(state: SyntaxState): void {
  if (state.part === 2 * state.parts) {
    expectPattern(state);
    return;
  }
  // The only vector of a macroblock without neighbours is predicted as 0; further vectors are
  // predicted from that one.
  const far = state.parts === 1 ? 1 : 2;
  const down = state.part & 1;
  const least = down ? -mostVertical(state) : LEAST_VECTOR;
  const most = down ? mostVertical(state) - 1 : MOST_VECTOR;
  state.signed('mvd_l0', far * least, far * most, takeDifference);
}

function takeDifference(state: SyntaxState): void {
  state.part++;
  expectDifference(state);
}

/** Vertical range of motion vectors by level (A.3.1, table A-1, MaxVmvR), in quarters of a pixel. */
function mostVertical({ sps }: SyntaxState): number {
  const level = sps!.levelIdc;
  if (level <= 10) return 256;
  if (level <= 20) return 512;
  return level <= 30 ? 1024 : 2048;
}
