/**
 * Large JPEG files are decoded at an eighth or a quarter of their size (libjpeg skips detail while
 * it decodes), resized to a draft somewhat larger than the target, cropped, and resized again. A
 * draft differs from a full decode mostly because the borders of the crop fall between its pixels.
 * So among the possible draft sizes, the one whose pixel borders are closest to the crop is used.
 * docs/jpeg.md has the figures.
 */
import type { Region, Size } from './crop.ts';

export interface Draft {
  /** Size of the whole image as a draft. */
  readonly whole: Size;
  /** The crop in the draft. */
  readonly part: Region;
}

/** Reductions below this use a full decode, which is cheap enough. */
const MIN_REDUCTION = 6;

/**
 * A draft is at least this much larger than the target, so that the last resize has detail to
 * smooth.
 */
const MIN_MARGIN = 1.15;

/** Largest error of a crop border, in pixels of the target. */
const MAX_ERROR = 0.1;

/**
 * sharp decodes at 1/8 only when the draft is more than eight times smaller than the image; at
 * exactly eight it uses the next larger fraction. From the cheapest to the most expensive.
 */
const FRACTIONS = [
  { divisor: 8, reduction: 9 },
  { divisor: 4, reduction: 5 },
  { divisor: 2, reduction: 3 },
];

/**
 * @param stored size of the image as stored
 * @param crop the wanted part of it
 * @param target size that the crop is resized to
 * @returns undefined when the image is too small for a draft, or when the crop needs the last rows
 *   or columns, which a decoder at a fraction leaves out
 */
export function draftOf(stored: Size, crop: Region, target: Size): Draft | undefined {
  const reduction = Math.min(crop.width / target.width, crop.height / target.height);
  if (reduction < MIN_REDUCTION) return undefined;
  for (const fraction of FRACTIONS) {
    if (reduction / fraction.reduction < MIN_MARGIN) continue;
    const x = bestSide(stored.width, crop.left, crop.width, target.width, fraction);
    const y = bestSide(stored.height, crop.top, crop.height, target.height, fraction);
    if (Math.max(x.error, y.error) > MAX_ERROR) continue;
    return {
      whole: { width: x.whole, height: y.whole },
      part: { width: x.part, height: y.part, left: x.start, top: y.start },
    };
  }
  return undefined;
}

/** The draft size along one axis whose crop borders are closest to whole pixels. */
function bestSide(
  stored: number,
  start: number,
  length: number,
  target: number,
  { divisor, reduction }: (typeof FRACTIONS)[number],
) {
  // libvips drops a last pixel that covers less than a whole block.
  const decoded = Math.floor(stored / divisor) * divisor;
  const smallest = Math.ceil((target * MIN_MARGIN * decoded) / length);
  const largest = Math.max(smallest, Math.floor(stored / reduction));
  let best = { whole: 0, start: 0, part: 0, error: Number.POSITIVE_INFINITY };
  // From large to small, so that among equals the one with most detail wins.
  for (let whole = largest; whole >= smallest; whole--) {
    const scale = whole / decoded;
    const first = Math.round(start * scale);
    const last = Math.min(whole, Math.round((start + length) * scale));
    const missed = Math.max(
      Math.abs(start * scale - first),
      Math.abs((start + length) * scale - last),
    );
    // Error in pixels of the target, where it would be visible.
    const error = (missed * target) / (length * scale);
    if (error < best.error) best = { whole, start: first, part: last - first, error };
  }
  return best;
}
