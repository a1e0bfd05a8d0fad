/** How alike two pictures of one size are: PSNR in dB, and SSIM (Wang et al. 2004). */
import type { Raster } from './heat.ts';

const PEAK = 255;
/** PSNR of equal pictures, which is infinite, and the most that is given for any: JSON has no infinity. */
export const MOST_PSNR = 100;

/** The window of Wang et al. 2004: a Gaussian of 11 pixels with a deviation of 1.5. */
const WINDOW = 11;
const DEVIATION = 1.5;
const C1 = (0.01 * PEAK) ** 2;
const C2 = (0.03 * PEAK) ** 2;

/** A plane of numbers, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** Luminance of ITU-R BT.601, not rounded. */
export function luminanceOf({ width, height, pixels }: Raster): Plane {
  const data = new Float64Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const [r, g, b] = [pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]];
    data[i] = 0.299 * r + 0.587 * g + 0.114 * b;
  }
  return { width, height, data };
}

/**
 * Peak signal-to-noise ratio.
 * @param a samples of any number of planes, 0 to 255; as many as `b` has
 * @returns dB, at most {@link MOST_PSNR}
 */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - b[i]) ** 2;
  return Math.min(MOST_PSNR, 10 * Math.log10((PEAK ** 2 * a.length) / squares));
}

/** Mean structural similarity over all windows that lie within the picture (Wang et al. 2004). */
export function ssim(a: Plane, b: Plane): number {
  const blur = (values: (i: number) => number) =>
    blurred({ ...a, data: Float64Array.from(a.data, (_, i) => values(i)) });
  const [x, y] = [a.data, b.data];
  const [meanX, meanY] = [blur((i) => x[i]), blur((i) => y[i])];
  const [squareX, squareY] = [blur((i) => x[i] ** 2), blur((i) => y[i] ** 2)];
  const product = blur((i) => x[i] * y[i]);
  let total = 0;
  for (const [i, mx] of meanX.entries()) {
    const my = meanY[i];
    const [vx, vy, cov] = [squareX[i] - mx ** 2, squareY[i] - my ** 2, product[i] - mx * my];
    const above = (2 * mx * my + C1) * (2 * cov + C2);
    total += above / ((mx ** 2 + my ** 2 + C1) * (vx + vy + C2));
  }
  return total / meanX.length;
}

/** Weighted means of all windows within the plane; a side shorter than the window has a shorter one. */
function blurred({ width, height, data }: Plane): Float64Array {
  const [across, down] = [windowFor(width), windowFor(height)];
  const columns = width - across.length + 1;
  const rows = height - down.length + 1;
  const narrow = new Float64Array(columns * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let i = 0; i < across.length; i++) sum += across[i] * data[y * width + x + i];
      narrow[y * columns + x] = sum;
    }
  }
  const result = new Float64Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let i = 0; i < down.length; i++) sum += down[i] * narrow[(y + i) * columns + x];
      result[y * columns + x] = sum;
    }
  }
  return result;
}

/** Weights of a window, which add up to 1. */
function windowFor(side: number): Float64Array {
  const length = Math.min(WINDOW, side % 2 === 1 ? side : side - 1 || 1);
  const weights = Float64Array.from({ length }, (_, i) =>
    Math.exp(-((i - (length - 1) / 2) ** 2) / (2 * DEVIATION ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
