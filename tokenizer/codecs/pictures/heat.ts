/** Draws how much each block surprised a model, as a heat map over the picture. */
/** From cold to hot, evenly spaced: black, purple, red, orange, pale yellow. */
const COLOURS = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;
/** Opacity of the map; the image below is grey. */
const OPACITY = 0.6;
/** Small pictures are enlarged to about this many pixels per side. */
const SIDE = 512;

/** A picture, or a frame of a clip. */
export interface Raster {
  width: number;
  height: number;
  /** RGB, 8 bits per sample: [height, width, 3]. */
  pixels: Uint8Array;
}

/** What the colours of a heat map stand for. */
export interface HeatScale {
  /** Bits of the hottest colour; the coldest is 0. */
  hottest: number;
  /** Name of the parts that have a colour each, such as `MCU`. */
  part: string;
}

export interface HeatOptions {
  /** Bits that get the hottest colour; 0 bits get the coldest. */
  hottest: number;
  /** Side of a block in pixels. */
  block: number;
}

/**
 * Sums the bits of each block of a document.
 * @param symbolBits bits of each symbol: [document.length]
 * @param starts offset of each block's first symbol
 * @param end offset after the last block
 * @returns [starts.length]; symbols before the first block are not counted
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
 * @param blockBits result of `bitsByBlock`, row by row
 * @returns a picture of the same size, or enlarged by a whole number
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
      drawn.set(
        heatColour(hottest > 0 ? blockBits[block] / hottest : 0, grey),
        3 * (y * large.width + x),
      );
    }
  }
  return { ...large, pixels: drawn };
}

/** Luminance of ITU-R BT.601, as in JPEG files. */
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

/** The scale of a map where each symbol is a part. */
export function hottestSymbol(symbolBits: Float64Array, part: string): HeatScale {
  return { hottest: symbolBits.reduce((most, bits) => Math.max(most, bits), 0), part };
}

/** The colours over a grey of the middle, from cold to hot, as a CSS gradient. */
export function heatGradient(): string {
  const colours = COLOURS.map((_, i) => heatColour(i / (COLOURS.length - 1), 128).map(Math.round));
  return `linear-gradient(to right,${colours.map((colour) => `rgb(${colour})`).join(',')})`;
}

/**
 * The colour of a place of the map.
 * @param share of the bits of the hottest colour, 0..1
 * @param grey luminance of the picture at that place
 */
export function heatColour(share: number, grey: number): number[] {
  return colourOf(share).map((value) => OPACITY * value + (1 - OPACITY) * grey);
}

/** @param share 0..1 */
function colourOf(share: number): number[] {
  const place = share * (COLOURS.length - 1);
  const low = Math.min(COLOURS.length - 2, Math.floor(place));
  const rest = place - low;
  return COLOURS[low].map((value, c) => value + rest * (COLOURS[low + 1][c] - value));
}
