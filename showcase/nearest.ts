/**
 * How far pictures are from the letters that were learned: near means that they are letters, not at
 * all would mean that they are copies.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { sharp } from '../base/sharp.ts';
import { RASTER } from './corpus/glyph.ts';

/** Pictures read at once. */
const AT_ONCE = 4;

/** The raster as bits, 1 where there is ink. */
type Bits = Uint32Array;

export interface Distances {
  pictures: number;
  /** Pictures that are one of the learned letters, pixel by pixel, in whatever colour. */
  copies: number;
  /** Pixels of 256 that differ from the nearest learned letter, in ascending order. */
  pixels: readonly number[];
}

export async function distancesTo(folder: string, learned: readonly Bits[]): Promise<Distances> {
  const pictures = await readRasters(folder);
  const pixels = pictures.map((picture) => nearest(picture, learned)).sort((a, b) => a - b);
  return {
    pictures: pictures.length,
    copies: pixels.filter((distance) => distance === 0).length,
    pixels,
  };
}

/** Reads all pictures of a folder; those that are equal but for their colours once. */
export async function readLearned(folder: string): Promise<Bits[]> {
  const different = new Map((await readRasters(folder)).map((bits) => [bits.join(), bits]));
  return [...different.values()];
}

async function readRasters(folder: string): Promise<Bits[]> {
  const names = (await readdir(folder)).filter((name) => /^(?!sheet).*\.(png|jpg)$/.test(name));
  const limit = pLimit(AT_ONCE);
  return Promise.all(names.sort().map((name) => limit(() => rasterBits(join(folder, name)))));
}

/** Ink is what is not like the border, for letters leave it free. */
async function rasterBits(path: string): Promise<Bits> {
  const light = await sharp(path)
    .removeAlpha()
    .greyscale()
    .resize(RASTER, RASTER, { kernel: 'cubic' })
    .raw()
    .toBuffer();
  const middle = (Math.min(...light) + Math.max(...light)) / 2;
  const isLight = (pixel: number) => light[pixel] > middle;
  const border = Array.from({ length: RASTER }, (_, x) => isLight(x));
  const isPaperLight = border.filter(Boolean).length > RASTER / 2;
  const bits = new Uint32Array((RASTER * RASTER) / 32);
  for (let pixel = 0; pixel < light.length; pixel++) {
    if (isLight(pixel) !== isPaperLight) bits[pixel >> 5] |= 1 << (pixel & 31);
  }
  return bits;
}

function nearest(picture: Bits, learned: readonly Bits[]): number {
  let best = RASTER * RASTER;
  for (const letter of learned) {
    let different = 0;
    for (let word = 0; word < picture.length && different < best; word++) {
      different += ones(picture[word] ^ letter[word]);
    }
    best = Math.min(best, different);
  }
  return best;
}

/** Number of ones in a word (Hacker's Delight, section 5-1). */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  sum = (sum + (sum >>> 4)) & 0x0f0f0f0f;
  return Math.imul(sum, 0x01010101) >>> 24;
}
