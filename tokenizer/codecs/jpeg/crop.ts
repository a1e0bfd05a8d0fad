/** Centre crop to the target's aspect, in the coordinates of the stored image. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** How pixels as stored become pixels as seen: flip and flop first, then the turn. */
export interface Turn {
  /** Upside down. */
  readonly flip: boolean;
  /** Left to right. */
  readonly flop: boolean;
  /** Clockwise, in degrees. */
  readonly angle: 0 | 90 | 180 | 270;
}

/** EXIF 2.3, tag 0x0112: index is the orientation. */
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

/** An orientation that EXIF does not know is upright, as in every reader. */
export function turnOf(orientation: number): Turn {
  return TURNS[orientation] ?? TURNS[1];
}

export function swapped({ width, height }: Size): Size {
  return { width: height, height: width };
}

/**
 * The largest region of the target's aspect in the middle of the image. An odd
 * pixel goes to the right and the bottom of the image as it is seen.
 * @param stored size of the image as stored
 * @param target size wanted, as seen
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

/** Whether the left (top) of the image as seen lies at the right (bottom) as stored. */
function startsAtFarSide({ flip, flop, angle }: Turn, axis: 'x' | 'y'): boolean {
  // A quarter turn clockwise shows the stored bottom at the left; three show the stored right at the top.
  if (axis === 'x') return flop !== (angle === 270);
  return flip !== (angle === 90);
}
