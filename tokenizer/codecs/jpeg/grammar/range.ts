/** Which DC values the samples of an image can give. */
import { quantizationTables } from '../tables.ts';

/** Quantized DC values, both ends included. */
export interface DcRange {
  readonly low: number;
  readonly high: number;
}

/** Differences are not limited: the predictor is never looked at. */
export const UNLIMITED: DcRange = { low: 0, high: 0 };

/** 64 samples, shifted to -128..127, added up: 8 times the DC of the DCT (T.81 A.3.1, A.3.3). */
const LOWEST_SUM = 64 * -128;
const HIGHEST_SUM = 64 * 127;

/**
 * The DC values of a block of 8-bit samples, divided by the table's first step and
 * rounded as T.81 A.3.4 and libjpeg do, halves away from zero.
 * @param quality 1..100
 */
export function dcRanges(quality: number): { luminance: DcRange; chrominance: DcRange } {
  const { luminance, chrominance } = quantizationTables(quality);
  return { luminance: rangeOf(luminance[0]), chrominance: rangeOf(chrominance[0]) };
}

function rangeOf(step: number): DcRange {
  const round = (sum: number) => Math.floor((sum + 4 * step) / (8 * step));
  return { low: -round(-LOWEST_SUM), high: round(HIGHEST_SUM) };
}
