/** The golden corpus of the JPEG encoder: rasters made here, bytes made by Pillow. */
import { createHash } from 'node:crypto';
import { photographCrops } from './photographs.ts';
import { makeRaster, type Raster, type RasterKind } from './rasters.ts';

export interface GoldenCase {
  readonly raster: Raster;
  readonly quality: number;
}

/** Pillow's result for a case; `test/golden/jpeg/expected.json` has a list of these. */
export interface GoldenExpectation {
  readonly name: string;
  readonly quality: number;
  /** sha256 of the RGB pixels: tells a changed decoder from a changed encoder. */
  readonly pixels: string;
  readonly length: number;
  readonly sha256: string;
}

export const EXPECTED_FILE = new URL('../golden/jpeg/expected.json', import.meta.url);

/** Stored in full, so that a difference can be looked at: `<name>-q<quality>.bin`. */
export const STORED_IN_FULL = ['smooth-1x1-1', 'texture-33x17-2', 'smooth-64x48-3'];

export function storedFile(name: string, quality: number): URL {
  return new URL(`../golden/jpeg/${name}-q${quality}.bin`, import.meta.url);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Pictures of 256x256 at quality 25: the paper's documents. */
export async function photographCases(): Promise<GoldenCase[]> {
  return (await photographCrops(256, 128)).map((raster) => ({ raster, quality: 25 }));
}

/** Sizes around the edges of blocks and MCUs, long strips, and large squares. */
const SIZES: readonly (readonly [number, number])[] = [
  ...([1, 2, 7, 8, 9, 15, 16, 17, 31, 33] as const).map((side) => [side, side] as const),
  ...([
    [1, 16],
    [16, 1],
    [1, 300],
    [300, 1],
    [17, 40],
    [64, 48],
    [100, 75],
    [255, 257],
  ] as const),
  ...([
    [640, 480],
    [2, 5000],
    [5000, 2],
    [1, 65_500],
    [65_500, 1],
    [1023, 769],
  ] as const),
];

const QUALITIES = [1, 2, 5, 10, 24, 25, 26, 49, 50, 51, 75, 90, 95, 100];

export function syntheticCases(): GoldenCase[] {
  const kinds: RasterKind[] = [
    'smooth',
    'texture',
    'noise',
    'extremes',
    'checker',
    'gradient',
    'flat',
  ];
  const bySize = SIZES.map(([width, height], i) => ({
    raster: makeRaster(kinds[i % kinds.length], width, height, i + 1),
    quality: 25,
  }));
  const byQuality = QUALITIES.flatMap((quality, i) =>
    kinds.map((kind) => ({ raster: makeRaster(kind, 96, 80, i + 1), quality })),
  );
  const everyQuality = Array.from({ length: 100 }, (_, i) => ({
    raster: makeRaster('texture', 40, 40, 7),
    quality: i + 1,
  }));
  const stored = [
    { raster: makeRaster('smooth', 1, 1, 1), quality: 25 },
    { raster: makeRaster('texture', 33, 17, 2), quality: 25 },
    { raster: makeRaster('smooth', 64, 48, 3), quality: 80 },
  ];
  return [...bySize, ...byQuality, ...everyQuality, ...stored];
}

/** 50 MB of pixels; on its own, since it takes a second to make. */
export function largestCase(): GoldenCase {
  return { raster: makeRaster('gradient', 4096, 4096, 3), quality: 25 };
}
