/** A letter of a font as pixel art: a small raster of ink and paper. */
import { readFile } from 'node:fs/promises';
import opentype, { type Font } from 'opentype.js';
import { sharp } from '../../base/sharp.ts';

/** Pixels of the raster's side, and of the letter's longer side. */
export const RASTER = 16;
const LETTER = 14;

/** A pixel is ink where at least half of so many by so many points are covered. */
const POINTS = 4;

const UNITS = 1000;

export async function openFont(path: string): Promise<Font> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return opentype.parse(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/**
 * Draws a character in the middle, as large as fits.
 * @returns RASTER x RASTER values, 1 where there is ink; undefined where the font does not have the
 *   character
 */
export async function rasterOf(font: Font, character: string): Promise<Uint8Array | undefined> {
  const glyph = font.charToGlyph(character);
  const path = glyph.getPath(0, 0, UNITS);
  const { x1, y1, x2, y2 } = path.getBoundingBox();
  if (glyph.index === 0 || !(x2 > x1 && y2 > y1)) return undefined;
  const side = RASTER * POINTS;
  const scale = (LETTER * POINTS) / Math.max(x2 - x1, y2 - y1);
  const [left, top] = [side / 2 - (scale * (x1 + x2)) / 2, side / 2 - (scale * (y1 + y2)) / 2];
  const placed = `translate(${left.toFixed(3)} ${top.toFixed(3)}) scale(${scale.toFixed(6)})`;
  const drawing = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<path transform="${placed}" d="${path.toPathData(1)}"/></svg>`,
  ].join('');
  const points = await sharp(Buffer.from(drawing)).removeAlpha().greyscale().raw().toBuffer();
  return Uint8Array.from({ length: RASTER * RASTER }, (_, pixel) =>
    darkness(points, side, pixel) >= 0.5 ? 1 : 0,
  );
}

/** Share of a pixel that is covered, 0 to 1. */
function darkness(points: Uint8Array, side: number, pixel: number): number {
  const [x, y] = [(pixel % RASTER) * POINTS, Math.floor(pixel / RASTER) * POINTS];
  let light = 0;
  for (let down = 0; down < POINTS; down++) {
    for (let right = 0; right < POINTS; right++) light += points[(y + down) * side + x + right];
  }
  return 1 - light / (255 * POINTS ** 2);
}
