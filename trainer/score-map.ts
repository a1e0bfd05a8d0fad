/** Where a model was surprised: the bits of each MCU of an image, as a heat map over it. */
import { parseDocument } from '../tokenizer/jpeg/document.ts';
import { MCU_SIDE } from '../tokenizer/jpeg/header.ts';
import { sharp } from '../tokenizer/jpeg/sharp.ts';

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
/** Small images are enlarged to about this many pixels a side. */
const SIDE = 512;

/**
 * Bits of each MCU, its restart marker counted, in raster order.
 * @param document canonical bytes
 * @param byteBits [document.length]
 */
export function bitsByMcu(document: Uint8Array, byteBits: Float64Array): Float64Array {
  const { mcuOffsets } = parseDocument(document);
  return Float64Array.from(mcuOffsets, (start, mcu) => {
    const end = mcuOffsets[mcu + 1] ?? document.length;
    return byteBits.subarray(start, end).reduce((sum, bits) => sum + bits, 0);
  });
}

/**
 * @param picture the document as a file that sharp opens
 * @param mcuBits as of `bitsByMcu`; the largest is the hottest colour, 0 the coldest
 * @returns the PNG file
 */
export async function drawSurprise(
  picture: Uint8Array,
  document: Uint8Array,
  mcuBits: Float64Array,
): Promise<Uint8Array> {
  const { width, height, mcuColumns } = parseDocument(document);
  const scale = Math.max(1, Math.floor(SIDE / Math.max(width, height)));
  const size = { width: width * scale, height: height * scale };
  const grey = await sharp(picture)
    .resize(size.width, size.height, { kernel: 'nearest', fit: 'fill' })
    .greyscale()
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  const hottest = Math.max(...mcuBits, Number.MIN_VALUE);
  const pixels = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const row = Math.floor(y / scale / MCU_SIDE);
      const mcu = row * mcuColumns + Math.floor(x / scale / MCU_SIDE);
      const at = y * size.width + x;
      const colour = colourOf(mcuBits[mcu] / hottest);
      for (let c = 0; c < 3; c++) {
        pixels[3 * at + c] = OPACITY * colour[c] + (1 - OPACITY) * grey[at];
      }
    }
  }
  return sharp(pixels, { raw: { ...size, channels: 3 } })
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
