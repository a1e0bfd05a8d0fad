/**
 * Large JPEG files are decoded at an eighth or a quarter of their size (libjpeg leaves out the
 * detail while it decodes), resized to a draft somewhat larger than the target, cropped there,
 * and resized again. What a draft costs in likeness to a full decode is mostly that the borders
 * of the crop fall between its pixels: so of the sizes in reach the one is taken whose pixels
 * they miss least. docs/jpeg.md has the figures.
 */
import type { Region, Size } from './crop.ts';

export interface Draft {
  /** Size of the whole image as a draft. */
  readonly whole: Size;
  /** Where the crop lies in it. */
  readonly part: Region;
}

/** Below this reduction a full decode is cheap enough. */
const MIN_REDUCTION = 6;

/** The least a draft is larger than the target, so that the last resizing has something to smooth. */
const MIN_MARGIN = 1.15;

/** How far a border of the crop may be off, in pixels of the target. */
const MAX_ERROR = 0.1;

/**
 * sharp decodes at 1/8 when the draft is at least nine times smaller than the image, and so on:
 * at exactly eight it takes the next larger fraction. From the cheapest to the dearest.
 */
const FRACTIONS = [
  { divisor: 8, reduction: 9 },
  { divisor: 4, reduction: 5 },
  { divisor: 2, reduction: 3 },
];

/**
 * @param stored the image as stored
 * @param crop the part of it that is wanted
 * @param target what the crop is to become
 * @returns undefined where the image is not large enough for one, or where its last rows or
 *   columns, which a decoder at a fraction leaves out, would be missed
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

/** The size of one dimension of the draft whose crop is nearest to whole pixels. */
function bestSide(
  stored: number,
  start: number,
  length: number,
  target: number,
  { divisor, reduction }: (typeof FRACTIONS)[number],
) {
  // libvips leaves out a last pixel that stands for less than a whole block.
  const decoded = Math.floor(stored / divisor) * divisor;
  const smallest = Math.ceil((target * MIN_MARGIN * decoded) / length);
  const largest = Math.max(smallest, Math.floor(stored / reduction));
  let best = { whole: 0, start: 0, part: 0, error: Number.POSITIVE_INFINITY };
  // From large to small, so that of equals the one with most detail is taken.
  for (let whole = largest; whole >= smallest; whole--) {
    const scale = whole / decoded;
    const first = Math.round(start * scale);
    const last = Math.min(whole, Math.round((start + length) * scale));
    const missed = Math.max(
      Math.abs(start * scale - first),
      Math.abs((start + length) * scale - last),
    );
    // In pixels of the target, where it shows.
    const error = (missed * target) / (length * scale);
    if (error < best.error) best = { whole, start: first, part: last - first, error };
  }
  return best;
}
