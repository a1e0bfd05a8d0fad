/** A contact sheet: all samples of a command in one PNG. */
import { sharp } from '../../tokenizer/jpeg/sharp.ts';

const GAP = 4;
const BACKGROUND = { r: 24, g: 24, b: 27 };
const EMPTY = { r: 63, g: 63, b: 70 };

/** Small pictures are enlarged to about this many pixels a side, so that they can be seen. */
const TILE_SIDE = 128;

/** A sheet wider than this no longer opens everywhere; its tiles are made smaller instead. */
const MAX_SIDE = 8192;

/**
 * @param pictures .jpg files in order; null is drawn as an empty tile
 * @param size of a picture in pixels
 * @returns the PNG file
 */
export async function drawSheet(
  pictures: readonly (Uint8Array | null)[],
  size: { width: number; height: number },
): Promise<Uint8Array> {
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const longest = Math.max(size.width, size.height);
  const enlarged = Math.max(1, Math.floor(TILE_SIDE / longest));
  const fitting = (MAX_SIDE / Math.max(columns, rows) - GAP) / longest;
  const scale = Math.min(enlarged, fitting);
  const width = Math.max(1, Math.floor(size.width * scale));
  const height = Math.max(1, Math.floor(size.height * scale));
  // Enlarged, the pixels of a small picture stay what they are.
  const kernel = scale >= 1 ? 'nearest' : 'lanczos3';
  const tiles = await Promise.all(
    pictures.map(async (picture, i) => ({
      input: await drawTile(picture, width, height, kernel),
      left: GAP + (i % columns) * (width + GAP),
      top: GAP + Math.floor(i / columns) * (height + GAP),
      raw: { width, height, channels: 3 as const },
    })),
  );
  const sheet = {
    width: GAP + columns * (width + GAP),
    height: GAP + rows * (height + GAP),
    channels: 3 as const,
    background: BACKGROUND,
  };
  return sharp({ create: sheet }).composite(tiles).png().toBuffer();
}

async function drawTile(
  picture: Uint8Array | null,
  width: number,
  height: number,
  kernel: 'nearest' | 'lanczos3',
): Promise<Buffer> {
  const source =
    picture === null
      ? sharp({ create: { width, height, channels: 3, background: EMPTY } })
      : sharp(picture, { failOn: 'none' }).resize(width, height, { kernel, fit: 'fill' });
  return source.removeAlpha().toColourspace('srgb').raw().toBuffer();
}
