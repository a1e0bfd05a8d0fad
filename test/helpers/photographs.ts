/** The photographs of the demo, as paths and as rasters. */
import { readFileSync } from 'node:fs';
import { sharp } from '../../base/sharp.ts';
import { PHOTOGRAPH_NAMES, photographPath } from '../../demo/photographs.ts';
import type { Raster } from './rasters.ts';

export const PHOTOGRAPHS: readonly string[] = PHOTOGRAPH_NAMES.map(photographPath);

/** Distinct square cuts of all photographs, pixels as decoded: nothing is resized. */
export async function photographCrops(side: number, step: number): Promise<Raster[]> {
  const crops: Raster[] = [];
  for (const name of PHOTOGRAPH_NAMES) {
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
