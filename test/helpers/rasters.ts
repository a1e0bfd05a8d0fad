/** Pictures made of whole-number arithmetic, so that every machine makes the same. */
export interface Raster {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** RGB, [height, width, 3]. */
  readonly pixels: Uint8Array;
}

/** mulberry32: 32-bit numbers that depend on nothing but the seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

type Sample = (x: number, y: number, channel: number) => number;

function latticeNoise(seed: number, cell: number): Sample {
  const corner = (x: number, y: number, c: number) =>
    randomNumbers(Math.imul(x, 73_856_093) ^ Math.imul(y, 19_349_663) ^ (c * 83_492_791 + seed))() &
    255;
  return (x, y, c) => {
    const left = Math.floor(x / cell);
    const top = Math.floor(y / cell);
    const fx = x - left * cell;
    const fy = y - top * cell;
    const row = (r: number) => corner(left, r, c) * (cell - fx) + corner(left + 1, r, c) * fx;
    return Math.floor((row(top) * (cell - fy) + row(top + 1) * fy) / (cell * cell));
  };
}

/** Each kind stresses another part of an encoder. */
export const RASTER_KINDS = {
  flat: (seed) => {
    const next = randomNumbers(seed);
    const colour = [next() & 255, next() & 255, next() & 255];
    return (_x, _y, c) => colour[c];
  },
  gradient: (seed) => (x, y, c) => (x * ((seed % 5) + 1) + y * (c + 1) + c * 40) & 255,
  /** Coarse shapes, as in photographs. */
  smooth: (seed) => latticeNoise(seed, 23),
  /** Fine shapes: many coefficients. */
  texture: (seed) => latticeNoise(seed, 3),
  noise: (seed) => {
    const next = randomNumbers(seed);
    return () => next() & 255;
  },
  /** Black or white at random: the largest coefficients, and FF bytes to stuff. */
  extremes: (seed) => {
    const next = randomNumbers(seed);
    return () => (next() & 1) * 255;
  },
  checker: (seed) => (x, y, c) => (((x >> (seed % 4)) + (y >> (seed % 3)) + c) & 1) * 255,
} satisfies Record<string, (seed: number) => Sample>;

export type RasterKind = keyof typeof RASTER_KINDS;

export function makeRaster(kind: RasterKind, width: number, height: number, seed = 1): Raster {
  const sample: Sample = RASTER_KINDS[kind](seed);
  const pixels = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) pixels[i++] = sample(x, y, c);
    }
  }
  return { name: `${kind}-${width}x${height}-${seed}`, width, height, pixels };
}
