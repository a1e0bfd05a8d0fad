/** How alike two pictures of one size are: PSNR in dB, and SSIM (Wang et al. 2004). */
import type { Raster } from './heat.ts';

/** PSNR of pictures that are the same, in dB, so that means stay finite. */
const MOST_DB = 100;

/**
 * @param one 8 bits a sample, as `other`
 * @returns dB, at most 100
 */
export function psnrOf(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < one.length; i++) squares += (one[i] - other[i]) ** 2;
  if (squares === 0) return MOST_DB;
  return Math.min(MOST_DB, 10 * Math.log10((255 ** 2 * one.length) / squares));
}

/** Window of section III.B: Gaussian, 11 pixels wide. */
const RADIUS = 5;
const SIGMA = 1.5;
const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

const WINDOW = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
    Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Float64Array.from(weights, (weight) => weight / sum);
})();

/**
 * Mean SSIM of the luminance (ITU-R BT.601), over all places where the window fits.
 * @returns -1..1; NaN for pictures of fewer than 11 pixels a side
 */
export function ssimOf(one: Raster, other: Raster): number {
  const { width, height } = one;
  const [x, y] = [luminanceOf(one), luminanceOf(other)];
  const blurred = (values: Float64Array) => blur(values, width, height);
  const product = (a: Float64Array, b: Float64Array) => a.map((value, i) => value * b[i]);
  const [meanX, meanY] = [blurred(x), blurred(y)];
  const [xx, yy, xy] = [product(x, x), product(y, y), product(x, y)].map(blurred);
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const [mx, my] = [meanX[i], meanY[i]];
    const covariance = xy[i] - mx * my;
    const variances = xx[i] - mx * mx + yy[i] - my * my;
    sum +=
      ((2 * mx * my + C1) * (2 * covariance + C2)) / ((mx * mx + my * my + C1) * (variances + C2));
  }
  return meanX.length === 0 ? Number.NaN : sum / meanX.length;
}

function luminanceOf({ pixels }: Raster): Float64Array {
  return Float64Array.from(
    { length: pixels.length / 3 },
    (_, i) => 0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2],
  );
}

/** @returns [height - 10, width - 10]: only where the window fits */
function blur(values: Float64Array, width: number, height: number): Float64Array {
  const columns = Math.max(0, width - 2 * RADIUS);
  const rows = Math.max(0, height - 2 * RADIUS);
  const across = new Float64Array(height * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++) sum += WINDOW[k] * values[y * width + x + k];
      across[y * columns + x] = sum;
    }
  }
  const both = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++) sum += WINDOW[k] * across[(y + k) * columns + x];
      both[y * columns + x] = sum;
    }
  }
  return both;
}
