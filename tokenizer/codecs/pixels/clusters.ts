/**
 * The palette as ImageGPT has it: clusters of colours in -1..1, where 0..255 of a pixel is
 * value / 127.5 - 1 (Chen et al. 2020, section 3.1; `ImageGPTImageProcessor` of transformers).
 */
import { CodecLmError } from '../../../base/error.ts';

const CHANNELS = 3;
const FLOAT_BYTES = 4;

/** What a sample of 0..255 is to the clusters: float32 arithmetic, as the processor does it. */
export const LEVELS = Float64Array.from({ length: 256 }, (_, value) =>
  Math.fround(Math.fround(value * (1 / 127.5)) - 1),
);

/**
 * Clusters as a setting, which keeps every bit.
 * @param clusters [colours, 3]
 */
export function textOfClusters(clusters: Float32Array): string {
  const bytes = Buffer.alloc(clusters.length * FLOAT_BYTES);
  for (const [i, value] of clusters.entries()) bytes.writeFloatLE(value, i * FLOAT_BYTES);
  return bytes.toString('base64');
}

/** @throws CodecLmError `CONFIG_INVALID` when the setting is not that of so many colours */
export function clustersOfText(text: string, colours: number): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== colours * CHANNELS * FLOAT_BYTES) {
    const found = `${bytes.length / CHANNELS / FLOAT_BYTES} colours`;
    throw new CodecLmError('CONFIG_INVALID', `Pixels clusters: ${found}, not ${colours}`);
  }
  const clusters = Float32Array.from({ length: colours * CHANNELS }, (_, i) =>
    bytes.readFloatLE(i * FLOAT_BYTES),
  );
  const problem = paletteProblem(clusters);
  if (problem === undefined) return clusters;
  throw new CodecLmError('CONFIG_INVALID', `Pixels clusters: ${problem}`);
}

/** @returns undefined for a palette, else what is wrong with it */
export function paletteProblem(clusters: ArrayLike<number>): string | undefined {
  for (let i = 0; i < clusters.length; i++) {
    const value = clusters[i];
    if (value >= -1 && value <= 1) continue;
    return `colour ${Math.floor(i / CHANNELS)} has the value ${value}, which is not in -1..1`;
  }
  return undefined;
}

/**
 * Clusters as colours of 8 bits a sample, rounded as ImageGPT's authors draw them.
 * @returns [colours, 3]
 */
export function coloursOf(clusters: Float32Array): Uint8Array {
  return Uint8Array.from(clusters, (value) => roundHalfEven(127.5 * (value + 1)));
}

/** As NumPy's `rint`. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/**
 * Colours of 0..255 as clusters.
 * @param colours [colours, 3]
 */
export function clustersOf(colours: ArrayLike<number>): Float32Array {
  return Float32Array.from(colours, (value) => value / 127.5 - 1);
}
