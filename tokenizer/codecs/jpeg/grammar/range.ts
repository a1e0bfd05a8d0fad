/** Computes the DC values that samples of an image can give. */
import { quantizationTables } from '../tables.ts';

/** Quantized DC values, both ends included. */
export interface DcRange {
  readonly low: number;
  readonly high: number;
}

/** No limit: the predictor is never read. */
export const UNLIMITED: DcRange = { low: 0, high: 0 };

/** Sum of 64 samples, shifted to -128..127: 8 times the DC of the DCT (T.81 A.3.1, A.3.3). */
const LOWEST_SUM = 64 * -128;
const HIGHEST_SUM = 64 * 127;

/**
 * The range of DC values of a block of 8-bit samples, divided by the table's first step and rounded
 * like T.81 A.3.4 and libjpeg, halves away from zero.
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
