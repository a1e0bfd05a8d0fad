/** Pictures of every arm as rasters of the letters' size, so that no codec is judged by its pixels. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { sharp } from '../../base/sharp.ts';
import { RASTER } from '../../showcase/corpus/glyph.ts';

/** What networks are shown: each pixel of the raster is a square of so many. */
const SHOWN = 4;
const AT_ONCE = 4;

/** @returns RASTER x RASTER x 3 samples: the mean of each cell */
export async function rasterOf(path: string): Promise<Uint8Array> {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const cell = info.width / RASTER;
  if (!Number.isInteger(cell) || info.height !== info.width) {
    throw new Error(`${path} has ${info.width}x${info.height} pixels, no multiple of ${RASTER}`);
  }
  const raster = new Uint8Array(3 * RASTER ** 2);
  for (let place = 0; place < RASTER ** 2; place++) {
    const [left, top] = [cell * (place % RASTER), cell * Math.floor(place / RASTER)];
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let y = top; y < top + cell; y++) {
        for (let x = left; x < left + cell; x++) sum += data[3 * (y * info.width + x) + channel];
      }
      raster[3 * place + channel] = Math.round(sum / cell ** 2);
    }
  }
  return raster;
}

/** Rasters of the pictures of a folder by their first eight digits, in order. */
export async function rastersIn(folder: string): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(folder))
    .filter((name) => /^\d{8}.*\.(png|jpe?g)$/.test(name))
    .sort();
  const limit = pLimit(AT_ONCE);
  const all = names.map((name) =>
    limit(async () => [name.slice(0, 8), await rasterOf(join(folder, name))] as const),
  );
  return new Map(await Promise.all(all));
}

/** Writes rasters as PNG files, enlarged without smoothing. */
export async function writeRasters(
  folder: string,
  rasters: Iterable<readonly [string, Uint8Array]>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const raw = { width: RASTER, height: RASTER, channels: 3 } as const;
  const side = SHOWN * RASTER;
  const limit = pLimit(AT_ONCE);
  const all = [...rasters].map(([name, pixels]) =>
    limit(() =>
      sharp(pixels, { raw })
        .resize(side, side, { kernel: 'nearest' })
        .png({ compressionLevel: 1 })
        .toFile(join(folder, `${name}.png`)),
    ),
  );
  await Promise.all(all);
}
