/**
 * Documents to measure on: canonical JPEG bytes of crops of real photographs, 256x256 at
 * quality 25 (about 6 KB each). Made once and kept in the temporary folder.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharp } from '../../base/sharp.ts';
import { encodeRaster } from '../../tokenizer/codecs/jpeg/encode.ts';

const PHOTOGRAPHS = fileURLToPath(new URL('../../node_modules/@stdlib', import.meta.url));
const SIDE = 256;
const IN_FLIGHT = 4;

interface Raster {
  data: Buffer;
  width: number;
  height: number;
}

/** The first `count` crops of one endless, repeatable sequence. */
export async function corpusOf(count: number): Promise<Uint8Array[]> {
  const folder = join(tmpdir(), 'codec-lm-bench', `images-${count}`);
  const dataPath = join(folder, 'documents.bin');
  const lengthsPath = join(folder, 'lengths.json');
  if (!existsSync(lengthsPath)) await makeCorpus(count, folder, dataPath, lengthsPath);
  const data = new Uint8Array(await readFile(dataPath));
  const lengths: number[] = JSON.parse(await readFile(lengthsPath, 'utf8'));
  let at = 0;
  return lengths.map((length) => data.subarray(at, (at += length)));
}

async function makeCorpus(count: number, folder: string, dataPath: string, lengthsPath: string) {
  await mkdir(folder, { recursive: true });
  const photographs = await readPhotographs();
  const documents: Uint8Array[] = new Array(count);
  const random = randomNumbers(1);
  const crops = Array.from({ length: count }, (_, i) => ({
    photograph: photographs[i % photographs.length],
    scale: random(),
    x: random(),
    y: random(),
    mirrored: random() < 0.5,
  }));
  let next = 0;
  const work = async () => {
    while (next < count) {
      const i = next++;
      documents[i] = await encodeCrop(crops[i]);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  await writeFile(dataPath, Buffer.concat(documents));
  // The lengths come last: a run that was interrupted is made again.
  await writeFile(`${lengthsPath}.tmp`, JSON.stringify(documents.map((d) => d.length)));
  await rename(`${lengthsPath}.tmp`, lengthsPath);
}

async function readPhotographs(): Promise<Raster[]> {
  const names = (await readdir(PHOTOGRAPHS)).filter((name) => name.startsWith('datasets-img-'));
  return Promise.all(
    names.sort().map(async (name) => {
      const image = sharp(join(PHOTOGRAPHS, name, 'data', 'image.jpg')).toColourspace('srgb');
      const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
      return { data, width: info.width, height: info.height };
    }),
  );
}

async function encodeCrop(crop: {
  photograph: Raster;
  scale: number;
  x: number;
  y: number;
  mirrored: boolean;
}): Promise<Uint8Array> {
  const { data, width, height } = crop.photograph;
  const largest = Math.min(width, height, 4 * SIDE);
  const side = Math.round(SIDE / 2 + crop.scale * (largest - SIDE / 2));
  const left = Math.floor(crop.x * (width - side));
  const top = Math.floor(crop.y * (height - side));
  const pixels = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: side, height: side })
    .resize(SIDE, SIDE)
    .flop(crop.mirrored)
    .raw()
    .toBuffer();
  return encodeRaster(pixels, SIDE, SIDE);
}

/** Numbers in [0, 1) that are the same in every run (mulberry32, a public-domain generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
