/**
 * The three ways in which tools resize a picture for a network. They change distances more than most
 * models do (Parmar et al. 2022), so each is followed to the last bit.
 */
import { type RasterSize, resizeToFloats } from '../../base/resize.ts';
import type { RESIZES } from '../../schemas/evaluation.ts';
import type { SampleRange } from '../networks/network.ts';

/** A picture of RGB samples, [height, width, 3]. */
export interface RgbPicture extends RasterSize {
  readonly data: Uint8Array;
}

export interface ResizedPicture {
  /** [side, side, 3] */
  readonly data: Float32Array;
  readonly range: SampleRange;
}

export type Resize = (typeof RESIZES)[number];

const CHANNELS = 3;

/** @param side width and height of the result */
export function resizeFor(picture: RgbPicture, side: number, how: Resize): ResizedPicture {
  if (how === 'clean') return { data: clean(picture, side), range: 'byte' };
  return how === 'pytorch'
    ? { data: pytorch(picture, side), range: 'unit' }
    : { data: tensorFlow(picture, side), range: 'byte' };
}

/** clean-fid: Pillow's antialiased bicubic of each channel in floating point, unrounded, clipped to 0..255. */
function clean({ data, width, height }: RgbPicture, side: number): Float32Array {
  const size = { width: side, height: side };
  const result = resizeToFloats(data, { width, height, channels: CHANNELS }, size, 'bicubic');
  for (let i = 0; i < result.length; i++) result[i] = Math.min(255, Math.max(0, result[i]));
  return result;
}

/** Where an output sample lies between two input samples. */
interface Between {
  low: Int32Array;
  high: Int32Array;
  /** Weights of both, as float32. */
  lowWeight: Float32Array;
  highWeight: Float32Array;
}

/**
 * pytorch-fid: `interpolate(mode='bilinear', align_corners=False)` of samples 0..1, without
 * antialiasing. The arithmetic is torch's on CPUs with fused multiply-add: float32 at each step, rows
 * first, and of each pair of products the first is not rounded before it is added.
 */
function pytorch({ data, width, height }: RgbPicture, side: number): Float32Array {
  const { fround } = Math;
  const columns = torchPlaces(width, side);
  const rows = torchPlaces(height, side);
  const unit = Float32Array.from({ length: 256 }, (_, byte) => fround(byte) / fround(255));
  const result = new Float32Array(side * side * CHANNELS);
  let at = 0;
  for (let y = 0; y < side; y++) {
    const top = rows.low[y] * width;
    const bottom = rows.high[y] * width;
    for (let x = 0; x < side; x++) {
      const [left, right] = [columns.low[x], columns.high[x]];
      const [w0, w1] = [columns.lowWeight[x], columns.highWeight[x]];
      for (let c = 0; c < CHANNELS; c++) {
        const a = unit[data[(top + left) * CHANNELS + c]];
        const b = unit[data[(top + right) * CHANNELS + c]];
        const d = unit[data[(bottom + left) * CHANNELS + c]];
        const e = unit[data[(bottom + right) * CHANNELS + c]];
        const upper = fused(a, w0, fround(b * w1));
        const lower = fused(d, w0, fround(e * w1));
        result[at++] = fused(upper, rows.lowWeight[y], fround(lower * rows.highWeight[y]));
      }
    }
  }
  return result;
}

/**
 * a b + c of float32 numbers, rounded once. The product is exact in double precision and the sum is
 * not: where it fell on the middle between two float32 numbers, its error says to which side it lay.
 */
function fused(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const rounded = Math.fround(sum);
  if (sum === rounded) return rounded;
  const other = 2 * sum - rounded;
  if (Math.fround(other) !== other) return rounded;
  const part = sum - product;
  const error = product - (sum - part) + (c - part);
  if (error === 0) return rounded;
  return error > 0 === other > rounded ? other : rounded;
}

/** Pixel centres are kept: src = (dst + 0.5) * from / to - 0.5, not below 0. */
function torchPlaces(from: number, to: number): Between {
  const { fround } = Math;
  const scale = fround(fround(from) / fround(to));
  return places(from, to, (i) => Math.max(0, fround(fround(scale * fround(i + 0.5)) - 0.5)));
}

/** TensorFlow 1: `resize_bilinear` without antialiasing, where src = dst * from / to: corners are kept at one end. */
function tensorFlow({ data, width, height }: RgbPicture, side: number): Float32Array {
  const { fround } = Math;
  const columns = places(width, side, (i) => fround(i * fround(width / side)));
  const rows = places(height, side, (i) => fround(i * fround(height / side)));
  const result = new Float32Array(side * side * CHANNELS);
  let at = 0;
  for (let y = 0; y < side; y++) {
    const top = rows.low[y] * width;
    const bottom = rows.high[y] * width;
    for (let x = 0; x < side; x++) {
      const [left, right] = [columns.low[x], columns.high[x]];
      const across = columns.highWeight[x];
      for (let c = 0; c < CHANNELS; c++) {
        const a = data[(top + left) * CHANNELS + c];
        const d = data[(bottom + left) * CHANNELS + c];
        const upper = fround(a + fround((data[(top + right) * CHANNELS + c] - a) * across));
        const lower = fround(d + fround((data[(bottom + right) * CHANNELS + c] - d) * across));
        result[at++] = upper + fround(fround(lower - upper) * rows.highWeight[y]);
      }
    }
  }
  return result;
}

function places(from: number, to: number, sourceOf: (i: number) => number): Between {
  const found: Between = {
    low: new Int32Array(to),
    high: new Int32Array(to),
    lowWeight: new Float32Array(to),
    highWeight: new Float32Array(to),
  };
  for (let i = 0; i < to; i++) {
    const source = sourceOf(i);
    const low = Math.min(Math.trunc(source), from - 1);
    found.low[i] = low;
    found.high[i] = Math.min(low + 1, from - 1);
    found.highWeight[i] = source - low;
    found.lowWeight[i] = 1 - found.highWeight[i];
  }
  return found;
}
