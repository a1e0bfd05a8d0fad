/** Sources of the benchmarks: cuts of photographs with a sensor's noise, made once and kept. */
import { link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharp } from '../../base/sharp.ts';
import { PHOTOGRAPHS } from '../../test/helpers/photographs.ts';
import { randomNumbers } from '../../test/helpers/rasters.ts';

export interface SourceKind {
  width: number;
  height: number;
  /** Files that differ; the others are hard links to them, which every reader takes as files. */
  distinct: number;
}

/** Where sources lie between runs. */
const CACHE = join(tmpdir(), 'codec-lm-bench-pipeline');

/** A folder of `count` JPEG files of a kind, as a corpus would have them: 100 a folder. */
export async function sourceFolder(kind: SourceKind, count: number): Promise<string> {
  const { width, height, distinct } = kind;
  const folder = join(CACHE, `${width}x${height}-${count}`);
  if (await exists(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const made = Math.min(distinct, count);
  for (let i = 0; i < count; i++) {
    const path = await pathOf(draft, i);
    if (i < made) await makeSource(path, kind, i);
    else await link(await pathOf(draft, i % made), path);
  }
  await rename(draft, folder);
  return folder;
}

/** Frees the disk: the next benchmark makes its sources anew. */
export async function removeSources(): Promise<void> {
  await rm(CACHE, { recursive: true, force: true });
}

async function pathOf(folder: string, index: number): Promise<string> {
  const below = join(folder, String(Math.floor(index / 100)).padStart(4, '0'));
  await mkdir(below, { recursive: true });
  return join(below, `${String(index).padStart(8, '0')}.jpg`);
}

/** A random cut of a photograph, scaled to the size, with noise on every pixel, at quality 90. */
async function makeSource(path: string, { width, height }: SourceKind, seed: number) {
  const next = randomNumbers(seed + 1);
  const photograph = await readFile(PHOTOGRAPHS[seed % PHOTOGRAPHS.length]);
  const stored = await sharp(photograph).metadata();
  const scale = 0.5 + 0.5 * ((next() % 1000) / 1000);
  const fit = Math.min(stored.width / width, stored.height / height);
  const [w, h] = [width, height].map((side) => Math.floor(side * fit * scale));
  const left = next() % (stored.width - w + 1);
  const top = next() % (stored.height - h + 1);
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 8 };
  const grain = await sharp({ create: { width, height, channels: 3, background: '#000', noise } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  await sharp(photograph)
    .extract({ left, top, width: w, height: h })
    .resize(width, height, { fit: 'fill' })
    .composite([{ input: grain, blend: 'soft-light' }])
    .jpeg({ quality: 90, chromaSubsampling: '4:2:0' })
    .toFile(path);
}

async function exists(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}
