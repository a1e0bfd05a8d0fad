/** Pictures of one size side by side in one picture. */
import type { Raster } from './heat.ts';

const GAP = 2;
const GROUND = 24;

/**
 * @param rows of pictures; undefined leaves a place empty
 * @param scale a whole number: each pixel becomes so many, squared
 */
export function gridOf(rows: readonly (readonly (Raster | undefined)[])[], scale = 1): Raster {
  const first = rows.flat().find((raster) => raster !== undefined);
  const size = { width: (first?.width ?? 1) * scale, height: (first?.height ?? 1) * scale };
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const width = GAP + columns * (size.width + GAP);
  const height = GAP + rows.length * (size.height + GAP);
  const pixels = new Uint8Array(3 * width * height).fill(GROUND);
  for (const [r, row] of rows.entries()) {
    for (const [c, raster] of row.entries()) {
      if (!raster) continue;
      const [left, top] = [GAP + c * (size.width + GAP), GAP + r * (size.height + GAP)];
      for (let y = 0; y < size.height; y++) {
        for (let x = 0; x < size.width; x++) {
          const from = 3 * (Math.floor(y / scale) * raster.width + Math.floor(x / scale));
          const to = 3 * ((top + y) * width + left + x);
          pixels.set(raster.pixels.subarray(from, from + 3), to);
        }
      }
    }
  }
  return { width, height, pixels };
}
