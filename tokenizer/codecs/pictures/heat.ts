/** Where a model was surprised: the bits of each block, as a heat map over the picture. */
/** From cold to hot, evenly spaced: black, purple, red, orange, pale yellow. */
const COLOURS = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;
/** Share of the map in a pixel; the rest is the image in grey. */
const OPACITY = 0.6;
/** Small pictures are enlarged to about this many pixels a side. */
const SIDE = 512;

/** A picture, or a frame of a clip. */
export interface Raster {
  width: number;
  height: number;
  /** RGB, 8 bits a sample: [height, width, 3] */
  pixels: Uint8Array;
}

export interface HeatOptions {
  /** Bits of the hottest colour; 0 has the coldest. */
  hottest: number;
  /** Pixels a side of a block. */
  block: number;
}

/**
 * Bits of each block of a document.
 * @param symbolBits of each symbol: [document.length]
 * @param starts offset of each block's first symbol
 * @param end offset after the last block
 * @returns [starts.length]; what lies before the first block is nobody's
 */
export function bitsByBlock(
  symbolBits: Float64Array,
  starts: ArrayLike<number>,
  end: number,
): Float64Array {
  return Float64Array.from(starts, (start, i) =>
    symbolBits.subarray(start, starts[i + 1] ?? end).reduce((sum, bits) => sum + bits, 0),
  );
}

/**
 * @param blockBits of `bitsByBlock`, row by row
 * @returns of the same size, or enlarged by a whole number
 */
export function heat(
  { width, height, pixels }: Raster,
  blockBits: Float64Array,
  { hottest, block: side }: HeatOptions,
): Raster {
  const columns = Math.ceil(width / side);
  const scale = Math.max(1, Math.floor(SIDE / Math.max(width, height)));
  const large = { width: width * scale, height: height * scale };
  const drawn = new Uint8Array(large.width * large.height * 3);
  for (let y = 0; y < large.height; y++) {
    const row = Math.floor(y / scale);
    for (let x = 0; x < large.width; x++) {
      const column = Math.floor(x / scale);
      const block = Math.floor(row / side) * columns + Math.floor(column / side);
      const grey = luminance(pixels, 3 * (row * width + column));
      const colour = colourOf(hottest > 0 ? blockBits[block] / hottest : 0);
      const at = 3 * (y * large.width + x);
      for (let c = 0; c < 3; c++) drawn[at + c] = OPACITY * colour[c] + (1 - OPACITY) * grey;
    }
  }
  return { ...large, pixels: drawn };
}

/** ITU-R BT.601, as JPEG files have it. */
function luminance(pixels: Uint8Array, at: number): number {
  return 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
}

/** @returns the PNG file */
export async function pngOf({ width, height, pixels }: Raster): Promise<Uint8Array> {
  const { sharp } = await import('../../../base/sharp.ts');
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** @param share 0..1 */
function colourOf(share: number): number[] {
  const place = share * (COLOURS.length - 1);
  const low = Math.min(COLOURS.length - 2, Math.floor(place));
  const rest = place - low;
  return COLOURS[low].map((value, c) => value + rest * (COLOURS[low + 1][c] - value));
}
