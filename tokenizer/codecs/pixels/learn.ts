/**
 * A palette learned from pixels: k-means over the colours of a sample (Lloyd 1982), begun as
 * k-means++ begins (Arthur and Vassilvitskii 2007).
 *
 * Colours are counted, so that each is looked at once, and taken in the order of their value: the
 * palette depends on the counts and the seed alone. Sums are of whole numbers below 2^53, which are
 * exact in any order; the rest is a fixed sequence of operations of IEEE 754. So equal samples give
 * equal bits, whoever decoded them and however many at once.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CodecLmError } from '../../../base/error.ts';
import { randomFractions } from '../../../base/random.ts';
import { nearestOf } from './nearest.ts';

/** Colours of 8 bits a sample. */
const ALL_COLOURS = 2 ** 24;
/** Rarely are so many needed. */
const MOST_ROUNDS = 50;
/** The end: a round that lowers the error by a smaller share than this. */
const LEAST_GAIN = 1e-4;
/** Colours looked at before others get a turn: some milliseconds. */
const SLICE = 1 << 14;

/** Counts pixels by colour. */
export class ColourCounts {
  #counts: Uint32Array | undefined;
  pixels = 0;

  /** @param pixels RGB, 8 bits a sample: [length / 3, 3] */
  add(pixels: Uint8Array): void {
    this.#counts ??= new Uint32Array(ALL_COLOURS);
    for (let i = 0; i < pixels.length; i += 3) {
      this.#counts[(pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]]++;
    }
    this.pixels += pixels.length / 3;
  }

  /** The colours that there are, ascending. */
  list(): Weighted {
    const counts = this.#counts ?? new Uint32Array(0);
    let found = 0;
    for (let colour = 0; colour < counts.length; colour++) if (counts[colour] > 0) found++;
    const points = new Uint8Array(3 * found);
    const weights = new Uint32Array(found);
    let at = 0;
    for (let colour = 0; colour < counts.length; colour++) {
      if (counts[colour] === 0) continue;
      points[3 * at] = colour >>> 16;
      points[3 * at + 1] = (colour >>> 8) & 255;
      points[3 * at + 2] = colour & 255;
      weights[at++] = counts[colour];
    }
    return { points, weights };
  }
}

export interface Weighted {
  /** [count, 3], 0..255 */
  readonly points: Uint8Array;
  /** [count] */
  readonly weights: Uint32Array;
}

/**
 * @param colours how many to find
 * @param seed a whole number
 * @returns [colours, 3], 0..255, from dark to bright
 * @throws CodecLmError `CONFIG_INVALID` when the sample has fewer colours
 */
export async function learnColours(
  sample: Weighted,
  colours: number,
  seed: number,
): Promise<Float64Array> {
  const found = sample.weights.length;
  if (found < colours) {
    const message = `cannot learn ${colours} colours: the pixels of the sample have ${found}`;
    throw new CodecLmError('CONFIG_INVALID', message, {
      hint: found < 2 ? 'check the images' : `ask for at most ${found} \`colours\``,
    });
  }
  let centres = await firstCentres(sample, colours, seed);
  let before = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { error, means } = await lloyd(sample, centres);
    centres = means;
    if (before - error <= LEAST_GAIN * before) break;
    before = error;
  }
  return fromDarkToBright(centres);
}

/** Each next one is drawn with a chance that grows with the squared distance to those before it. */
async function firstCentres(
  { points, weights }: Weighted,
  colours: number,
  seed: number,
): Promise<Float64Array> {
  const random = randomFractions(seed >>> 0, 0);
  const centres = new Float64Array(3 * colours);
  const distances = new Float64Array(weights.length).fill(Number.POSITIVE_INFINITY);
  // The first is drawn by weight alone.
  let chances = Float64Array.from(weights);
  for (let n = 0; n < colours; n++) {
    const chosen = drawn(chances, random());
    for (let c = 0; c < 3; c++) centres[3 * n + c] = points[3 * chosen + c];
    const [x, y, z] = centres.subarray(3 * n, 3 * n + 3);
    if (n === 0) chances = new Float64Array(weights.length);
    for (let i = 0; i < distances.length; i++) {
      const dx = points[3 * i] - x;
      const dy = points[3 * i + 1] - y;
      const dz = points[3 * i + 2] - z;
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance >= distances[i]) continue;
      distances[i] = distance;
      chances[i] = distance * weights[i];
    }
    await turn();
  }
  return centres;
}

/** @param chances whole numbers, so that their sum is exact */
function drawn(chances: Float64Array, fraction: number): number {
  const wanted = fraction * chances.reduce((sum, chance) => sum + chance, 0);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < chances.length; i++) {
    if (chances[i] === 0) continue;
    sum += chances[i];
    last = i;
    if (sum > wanted) break;
  }
  return last;
}

/** A round: each colour goes to its nearest centre, and each centre to the mean of its colours. */
async function lloyd({ points, weights }: Weighted, centres: Float64Array) {
  const nearest = nearestOf(centres);
  const sums = new Float64Array(centres.length);
  const counts = new Float64Array(centres.length / 3);
  let error = 0;
  for (let i = 0; i < weights.length; i++) {
    if (i % SLICE === SLICE - 1) await turn();
    const x = points[3 * i];
    const y = points[3 * i + 1];
    const z = points[3 * i + 2];
    const k = nearest(x, y, z);
    const weight = weights[i];
    counts[k] += weight;
    sums[3 * k] += weight * x;
    sums[3 * k + 1] += weight * y;
    sums[3 * k + 2] += weight * z;
    const dx = x - centres[3 * k];
    const dy = y - centres[3 * k + 1];
    const dz = z - centres[3 * k + 2];
    error += weight * (dx * dx + dy * dy + dz * dz);
  }
  // One that lost all its colours stays where it is.
  const means = centres.map((value, j) => {
    const count = counts[Math.floor(j / 3)];
    return count > 0 ? sums[j] / count : value;
  });
  return { error, means };
}

/** By brightness, so that neighbours in the alphabet are alike. */
function fromDarkToBright(centres: Float64Array): Float64Array {
  const colours = Array.from({ length: centres.length / 3 }, (_, k) =>
    centres.subarray(3 * k, 3 * k + 3),
  );
  const sumOf = ([r, g, b]: Float64Array) => r + g + b;
  colours.sort((a, b) => sumOf(a) - sumOf(b) || a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const sorted = new Float64Array(centres.length);
  for (const [k, colour] of colours.entries()) sorted.set(colour, 3 * k);
  return sorted;
}
