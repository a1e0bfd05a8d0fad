/** Writes the letters of many fonts as pictures. The same fonts give the same files. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { hashWords } from '../../base/random.ts';
import { sharp } from '../../base/sharp.ts';
import { openFont, RASTER, rasterOf } from './glyph.ts';
import type { Style } from './styles.ts';

/** Letters and digits. */
export const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Width and height of a picture: each pixel of the raster is a block of 8x8, which JPEG writes as
 * one number, and four of them are an MCU.
 */
export const SIDE = RASTER * 8;

type Colour = readonly [red: number, green: number, blue: number];

/** Ink and paper. */
export const COLOURS: readonly (readonly [ink: Colour, paper: Colour])[] = [
  [
    [17, 17, 17],
    [255, 255, 255],
  ],
  [
    [192, 24, 43],
    [255, 255, 255],
  ],
  [
    [11, 79, 179],
    [255, 255, 255],
  ],
  [
    [10, 125, 60],
    [255, 255, 255],
  ],
  [
    [255, 255, 255],
    [11, 79, 179],
  ],
  [
    [255, 210, 63],
    [34, 42, 92],
  ],
  [
    [255, 255, 255],
    [192, 24, 43],
  ],
  [
    [34, 34, 34],
    [255, 210, 63],
  ],
];

/** Letters drawn at once. */
const AT_ONCE = 4;

/**
 * Writes PNG files for each character of each style, in `colours` different colours:
 * `FAMILY-WEIGHT-CODE-COLOUR.png`, where CODE is that of the character.
 * @returns number of pictures
 */
export async function writeLetters(
  folder: string,
  styles: readonly Style[],
  colours: number,
): Promise<number> {
  await mkdir(folder, { recursive: true });
  const limit = pLimit(AT_ONCE);
  let pictures = 0;
  for (const [nth, { family, weight, path }] of styles.entries()) {
    const font = await openFont(path);
    const drawn = [...CHARACTERS].map((character) =>
      limit(async () => {
        const raster = await rasterOf(font, character);
        if (raster === undefined) return;
        const code = character.charCodeAt(0);
        const first = hashWords(nth, code) % COLOURS.length;
        for (let step = 0; step < colours; step++) {
          // Steps of 3 go through all eight colours.
          const colour = (first + 3 * step) % COLOURS.length;
          const file = join(folder, `${family}-${weight}-${code}-${colour}.png`);
          await writePicture(file, raster, colour);
          pictures++;
        }
      }),
    );
    await Promise.all(drawn);
  }
  return pictures;
}

async function writePicture(path: string, raster: Uint8Array, colour: number): Promise<void> {
  const [ink, paper] = COLOURS[colour];
  const pixels = Uint8Array.from([...raster].flatMap((isInk) => (isInk ? ink : paper)));
  await sharp(pixels, { raw: { width: RASTER, height: RASTER, channels: 3 } })
    .resize(SIDE, SIDE, { kernel: 'nearest' })
    .png({ compressionLevel: 1 })
    .toFile(path);
}
