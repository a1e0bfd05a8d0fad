/**
 * Compares thousands of rasters with a live Pillow, byte by byte.
 *   node --import=tsx bench/jpeg/compare.ts [rasters = 3000] [seed = 1]
 * Half are cuts of photographs, half made; sizes 1..300 and now and then up to
 * 4096, qualities 1..95. Ends with exit 1 if any differs.
 */

import { photographCrops } from '../../test/helpers/photographs.ts';
import {
  makeRaster,
  RASTER_KINDS,
  type Raster,
  type RasterKind,
  randomNumbers,
} from '../../test/helpers/rasters.ts';
import { encodeRaster } from '../../tokenizer/codecs/jpeg/encode.ts';
import { startPillow } from './pillow.ts';

const [count = 3000, seed = 1] = process.argv.slice(2).map(Number);
const next = randomNumbers(seed);
const below = (n: number) => next() % n;
const kinds = Object.keys(RASTER_KINDS) as RasterKind[];
const photographs = await photographCrops(256, 128);

function side(): number {
  return below(200) === 0 ? 1 + below(4096) : 1 + below(300);
}

/** A photograph cut to a random size from its upper left. */
function cutPhotograph(): Raster {
  const from = photographs[below(photographs.length)];
  const width = 1 + below(from.width);
  const height = 1 + below(from.height);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = y * from.width * 3;
    pixels.set(from.pixels.subarray(start, start + width * 3), y * width * 3);
  }
  return { name: `${from.name}-${width}x${height}`, width, height, pixels };
}

const pillow = await startPillow();
let differing = 0;
let compared = 0;
for (let i = 0; i < count; i++) {
  const raster =
    i % 2 === 0 ? cutPhotograph() : makeRaster(kinds[below(kinds.length)], side(), side(), next());
  const quality = 1 + below(95);
  const { pixels, width, height, name } = raster;
  const [ours, theirs] = await Promise.all([
    encodeRaster(pixels, width, height, quality),
    pillow.encode(pixels, width, height, quality),
  ]);
  compared++;
  if (Buffer.compare(ours, theirs) === 0) continue;
  differing++;
  console.error(`differs: ${name} at quality ${quality}`);
}
pillow.close();
console.log(`${compared} rasters compared with Pillow ${pillow.version}: ${differing} differ`);
process.exitCode = differing === 0 ? 0 : 1;
