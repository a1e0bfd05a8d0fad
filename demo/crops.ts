/** A small corpus of real pictures: distinct square crops of the photographs that come with npm. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { PHOTOGRAPH_NAMES, photographPath } from './photographs.ts';

const SMALLEST_SIDE = 96;
const LARGEST_SIDE = 320;

/**
 * Writes `count` PNG crops to `folder`, the same ones every time.
 * @returns the paths written
 */
export async function writeCrops(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const random = randomNumbers(1);
  const photographs = await Promise.all(PHOTOGRAPH_NAMES.map(openPhotograph));
  const written: string[] = [];
  for (let i = 0; i < count; i++) {
    const photograph = photographs[i % photographs.length];
    const longest = Math.min(LARGEST_SIDE, photograph.width, photograph.height);
    const side = SMALLEST_SIDE + Math.floor(random() * (longest - SMALLEST_SIDE + 1));
    const left = Math.floor(random() * (photograph.width - side + 1));
    const top = Math.floor(random() * (photograph.height - side + 1));
    const path = join(folder, `${photograph.name}-${String(i).padStart(4, '0')}.png`);
    const { width, height, pixels } = photograph;
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .extract({ left, top, width: side, height: side })
      .png({ compressionLevel: 1 })
      .toFile(path);
    written.push(path);
  }
  return written;
}

interface Photograph {
  name: string;
  pixels: Buffer;
  width: number;
  height: number;
}

async function openPhotograph(name: (typeof PHOTOGRAPH_NAMES)[number]): Promise<Photograph> {
  const { data, info } = await sharp(photographPath(name))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { name, pixels: data, width: info.width, height: info.height };
}

/** Mulberry32: small, and the same on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
