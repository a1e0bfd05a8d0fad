/** What curation asks of a picture before it is encoded: its size, and a hash of how it looks. */
import { sharp } from '../../../base/sharp.ts';
import type { Measures } from '../codec.ts';
import { imageError } from './failures.ts';
import type { ImageSettings } from './settings.ts';
import { pixelsOf } from './source/baseline.ts';
import { isBmp, readBmp } from './source/bmp.ts';

/** The raster of the difference hash: eight differences in each of eight rows. */
const [WIDTH, HEIGHT] = [9, 8];

/**
 * @param withLook also hashes the part of the picture that is encoded: the difference hash (Krawetz,
 *   2013) of 64 bits, whether each of 9x8 grey pixels is darker than the next in its row
 * @throws CodecLmError with an `IMAGE_*` code
 */
export async function measureImage(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
  withLook: boolean,
): Promise<Measures> {
  const { width, height } = await sizeOf(source, label, settings);
  if (!withLook) return { width, height };
  return { width, height, look: await lookOf(source, label, settings) };
}

async function sizeOf(source: Uint8Array, label: string, { maxPixels }: ImageSettings) {
  if (isBmp(source)) return readBmp(source, label, maxPixels);
  try {
    return await sharp(source, { limitInputPixels: maxPixels, pages: 1 }).metadata();
  } catch (error) {
    throw imageError(error, { label, source });
  }
}

async function lookOf(source: Uint8Array, label: string, settings: ImageSettings): Promise<bigint> {
  // The same part of the picture whatever the size of the documents: a square keeps the middle.
  const pixels = await pixelsOf(source, label, { ...settings, width: WIDTH, height: HEIGHT });
  let look = 0n;
  for (let row = 0; row < HEIGHT; row++) {
    for (let x = 0; x + 1 < WIDTH; x++) {
      const [left, right] = [x, x + 1].map((at) => greyAt(pixels, row * WIDTH + at));
      look = (look << 1n) | (left < right ? 1n : 0n);
    }
  }
  return look;
}

/** Luma of ITU-R BT.601, in thousandths. */
function greyAt(pixels: Uint8Array, index: number): number {
  const [r, g, b] = pixels.subarray(3 * index, 3 * index + 3);
  return 299 * r + 587 * g + 114 * b;
}
