/** A parameter set while it is being read. */
import type { SequenceParameters } from './context.ts';
import type { SyntaxState } from './state.ts';

/** Cropping counts in pairs of pixels with chroma 4:2:0 (7.4.2.1.1). */
const PIXELS_OF_CROP_UNIT = 2;

/** Notes a value of the parameter set that is being read. */
export function keep(state: SyntaxState, name: string, value: number): void {
  state.draft = { ...state.draft, [name]: value };
}

/** Size of the frames as they are shown, in pixels (7.4.2.1.1). */
export function frameSize(set: Partial<SequenceParameters>): { width: number; height: number } {
  const { macroblocksWide = 0, macroblocksHigh = 0, cropWide = 0, cropHigh = 0 } = set;
  return {
    width: 16 * macroblocksWide - PIXELS_OF_CROP_UNIT * cropWide,
    height: 16 * macroblocksHigh - PIXELS_OF_CROP_UNIT * cropHigh,
  };
}
