/**
 * Resizes rasters exactly as Pillow does (`Image.resize` with an antialiased kernel): bit for bit,
 * for 8 bits per sample (modes L, RGB) and for floating point (mode F). It is used where libvips
 * gives other pixels than Pillow; docs/jpeg.md lists the cases.
 *
 * Both passes of a resize are sums of input samples times weights that only depend on the sizes.
 * Bytes are rounded and clipped after each pass, with weights of 22 fractional bits; floats keep
 * float32 between the passes and are never clipped. Because of the rounding, the order of the
 * passes changes the result. The order is that of Pillow 13 (older versions always resize the width
 * first).
 */
import { CodecLmError } from './error.ts';

export interface RasterSize {
  readonly width: number;
  readonly height: number;
}

export type Kernel = keyof typeof KERNELS;

/** Pillow's kernels: the weight at a distance, and the distance (in source pixels) where it ends. */
const KERNELS = {
  bilinear: { support: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  /** Catmull-Rom: the cubic convolution of Keys with a = -0.5. */
  bicubic: { support: 2, weight: (x: number) => keys(Math.abs(x)) },
  lanczos: { support: 3, weight: (x: number) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const;

const A = -0.5;

function keys(x: number): number {
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * A;
  return 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

/** Fractional bits of the weights for bytes: 32, less 8 of the sample and 2 for sums beyond 0..255. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/** The input windows and weights for resizing one side. */
interface Taps {
  /** First input sample of each output sample. */
  readonly starts: Int32Array;
  /** Number of input samples of each output sample, at most `stride`. */
  readonly counts: Int32Array;
  /** Weights of output i from `i * stride` on; their sum is 1. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/** The windows and weights of Pillow's `precompute_coeffs` for one side. */
function tapsOf(from: number, to: number, kernel: Kernel): Taps {
  const { support, weight } = KERNELS[kernel];
  const scale = from / to;
  // Enlarging reads as many pixels as the kernel spans; shrinking stretches the kernel, which is
  // the antialiasing.
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const stride = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Float64Array(to * stride);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(from, Math.trunc(centre + reach + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      // Multiply by the inverse as Pillow does: a division would round differently.
      const value = weight((tap + start - centre + 0.5) * (1 / stretch));
      weights[i * stride + tap] = value;
      sum += value;
    }
    if (sum !== 0) for (let tap = 0; tap < count; tap++) weights[i * stride + tap] /= sum;
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}

/** Weights as integers in units of 2^-22, rounded to the nearest, halves away from zero. */
function fixed(weights: Float64Array): Int32Array {
  return Int32Array.from(weights, (weight) =>
    Math.trunc(weight * (1 << FRACTION_BITS) + (weight < 0 ? -0.5 : 0.5)),
  );
}

type Samples = Uint8Array | Float32Array;

/**
 * @param samples row by row, channels interleaved: [from.height, from.width, channels]. A
 *   `Float32Array` is resized as Pillow's mode F, channel by channel; anything else as bytes.
 * @returns [to.height, to.width, channels], of the same type; a side that keeps its length is not
 * filtered
 * @throws CodecLmError `INTERNAL` when the samples are not of that size
 */
export function resize<T extends Samples>(
  samples: T,
  from: RasterSize & { readonly channels: number },
  to: RasterSize,
  kernel: Kernel,
): T {
  const pass: Pass = samples instanceof Float32Array ? passFloats : passBytes;
  const result = resample(samples, from, to, kernel, pass);
  return (result === samples ? samples.slice() : result) as T;
}

/**
 * Bytes as Pillow's mode F: the result of `resize` for `Float32Array.from(samples)`, without that copy.
 * @throws CodecLmError `INTERNAL` when the samples are not of that size
 */
export function resizeToFloats(
  samples: Uint8Array,
  from: RasterSize & { readonly channels: number },
  to: RasterSize,
  kernel: Kernel,
): Float32Array {
  const result = resample(samples, from, to, kernel, passFloats);
  return result instanceof Float32Array ? result : Float32Array.from(result);
}

type Pass = (samples: Samples, shape: Shape, from: number, to: number, taps: Taps) => Samples;

/** @returns `samples` themselves where both sides keep their length */
function resample(
  samples: Samples,
  from: RasterSize & { readonly channels: number },
  to: RasterSize,
  kernel: Kernel,
  pass: Pass,
): Samples {
  const { width, height, channels } = from;
  if (samples.length !== width * height * channels || Math.min(width, height, channels) < 1) {
    throw new CodecLmError(
      'INTERNAL',
      `resizing ${width}x${height} pixels of ${channels} channels: received ${samples.length} samples`,
    );
  }
  if (Math.min(to.width, to.height) < 1) {
    throw new CodecLmError('INTERNAL', `resizing to ${to.width}x${to.height} pixels`);
  }
  let result = samples;
  let done: RasterSize = from;
  const widen = () => {
    const shape = { outer: done.height, inner: channels };
    const taps = tapsOf(width, to.width, kernel);
    if (to.width !== width) result = pass(result, shape, width, to.width, taps);
    done = { ...done, width: to.width };
  };
  const heighten = () => {
    const shape = { outer: 1, inner: done.width * channels };
    const taps = tapsOf(height, to.height, kernel);
    if (to.height !== height) result = pass(result, shape, height, to.height, taps);
    done = { ...done, height: to.height };
  };
  for (const next of isHeightFirst(from, to) ? [heighten, widen] : [widen, heighten]) next();
  return result;
}

/** Where the height loses more than twice as many pixels as the width, Pillow 13 resizes it first. */
function isHeightFirst(from: RasterSize, to: RasterSize): boolean {
  const lost = from.height - to.height;
  return lost > 0 && lost > (from.width - to.width) * 2;
}

/** Shape of an array in one pass, [outer, side, inner]; the pass resizes the middle axis. */
interface Shape {
  readonly outer: number;
  readonly inner: number;
}

function passBytes(
  samples: Samples,
  { outer, inner }: Shape,
  from: number,
  to: number,
  { starts, counts, weights, stride }: Taps,
): Uint8Array {
  const factors = fixed(weights);
  // Storing into this array clips the sums to 0..255.
  const out = new Uint8ClampedArray(outer * to * inner);
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (let i = 0; i < to; i++) {
      const first = (row * from + starts[i]) * inner;
      const factor = i * stride;
      const end = factor + counts[i];
      for (let j = 0; j < inner; j++) {
        let sum = HALF;
        for (let f = factor, s = first + j; f < end; f++, s += inner) {
          sum += samples[s] * factors[f];
        }
        out[at++] = sum >> FRACTION_BITS;
      }
    }
  }
  return new Uint8Array(out.buffer);
}

function passFloats(
  samples: Samples,
  { outer, inner }: Shape,
  from: number,
  to: number,
  { starts, counts, weights, stride }: Taps,
): Float32Array {
  const out = new Float32Array(outer * to * inner);
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (let i = 0; i < to; i++) {
      const first = (row * from + starts[i]) * inner;
      const factor = i * stride;
      const end = factor + counts[i];
      for (let j = 0; j < inner; j++) {
        let sum = 0;
        for (let f = factor, s = first + j; f < end; f++, s += inner) {
          sum += samples[s] * weights[f];
        }
        out[at++] = sum;
      }
    }
  }
  return out;
}
