/** Meaning of the header byte of a slice's NAL unit for its picture (H.264 7.3.1). */
import type { SyntaxState } from './state.ts';

export function isIdr(state: SyntaxState): boolean {
  return (state.header & 31) === 5;
}

export function isReference(state: SyntaxState): boolean {
  return state.header >> 5 !== 0;
}
