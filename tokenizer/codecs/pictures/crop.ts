/** Centre crop to the target's aspect ratio, in the coordinates of the stored image. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * The transformation from pixels as stored to pixels as seen: flip and flop first, then rotation.
 */
export interface Turn {
  /** Mirror vertically. */
  readonly flip: boolean;
  /** Mirror horizontally. */
  readonly flop: boolean;
  /** Rotation clockwise, in degrees. */
  readonly angle: 0 | 90 | 180 | 270;
}

/** Transformations of EXIF 2.3, tag 0x0112; the index is the orientation. */
const TURNS: readonly Turn[] = [
  { flip: false, flop: false, angle: 0 },
  { flip: false, flop: false, angle: 0 },
  { flip: false, flop: true, angle: 0 },
  { flip: true, flop: true, angle: 0 },
  { flip: true, flop: false, angle: 0 },
  { flip: true, flop: false, angle: 90 },
  { flip: false, flop: false, angle: 90 },
  { flip: false, flop: true, angle: 90 },
  { flip: false, flop: false, angle: 270 },
];

/**
 * The transformation of an orientation. Orientations that EXIF does not define count as upright, as
 * in every reader.
 */
export function turnOf(orientation: number): Turn {
  return TURNS[orientation] ?? TURNS[1];
}

export function swapped({ width, height }: Size): Size {
  return { width: height, height: width };
}

/**
 * The largest region with the target's aspect ratio in the middle of the image. If the border is
 * odd, the extra pixel lies at the right or bottom of the image as seen.
 * @param stored size of the image as stored
 * @param target wanted size, as seen
 */
export function centreCrop(stored: Size, target: Size, turn: Turn): Region {
  const isSideways = turn.angle === 90 || turn.angle === 270;
  const seen = isSideways ? swapped(stored) : stored;
  const crop = largestOfAspect(seen, target);
  const { width, height } = isSideways ? swapped(crop) : crop;
  return {
    width,
    height,
    left: middle(stored.width, width, startsAtFarSide(turn, 'x')),
    top: middle(stored.height, height, startsAtFarSide(turn, 'y')),
  };
}

function largestOfAspect(image: Size, target: Size): Size {
  if (image.width * target.height > image.height * target.width) {
    const width = Math.max(1, Math.round((image.height * target.width) / target.height));
    return { width, height: image.height };
  }
  const height = Math.max(1, Math.round((image.width * target.height) / target.width));
  return { width: image.width, height };
}

function middle(size: number, part: number, fromFarSide: boolean): number {
  const rest = size - part;
  return fromFarSide ? rest - (rest >> 1) : rest >> 1;
}

/** Whether the left (top) edge of the image as seen is the right (bottom) edge as stored. */
function startsAtFarSide({ flip, flop, angle }: Turn, axis: 'x' | 'y'): boolean {
  // A 90° turn clockwise moves the stored bottom to the left; a 270° turn moves the stored right
  // to the top.
  if (axis === 'x') return flop !== (angle === 270);
  return flip !== (angle === 90);
}
