/** Pictures as pixels: how models see them, halved within borders, and parts of them. */
import { readFile } from 'node:fs/promises';
import { readError } from '../../base/file-error.ts';
import { resize } from '../../base/resize.ts';
import { pngOf } from '../../tokenizer/codecs/pictures/heat.ts';
import { imageInputOptions, imageInputSchema } from '../../tokenizer/codecs/pictures/settings.ts';
import { pixelsOf } from '../../tokenizer/codecs/pictures/source/baseline.ts';
import {
  type PicturePixels,
  pixelsAtOwnSize,
} from '../../tokenizer/codecs/pictures/source/pixels.ts';
import { activeRegion } from './layout.ts';

export type { PicturePixels } from '../../tokenizer/codecs/pictures/source/pixels.ts';

/** How files become pixels: the size, and a codec's recorded settings about reading files. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * A file's pixels as a codec of images encodes them: cropped to the middle, resized.
 * @throws CodecLmError with an `IMAGE_*` code that names the file
 */
export async function seenPixels(
  file: Uint8Array,
  label: string,
  { width, height, settings = {} }: Seen,
): Promise<PicturePixels> {
  const known = Object.keys(imageInputOptions).filter((key) => settings[key] !== undefined);
  const read = Object.fromEntries(known.map((key) => [key, settings[key]]));
  const options = { ...imageInputSchema.parse(read), width, height };
  return { width, height, data: await pixelsOf(file, label, options) };
}

/** @throws CodecLmError `INPUT_NOT_FOUND` …; an `IMAGE_*` code that names the file */
export async function readPixels(path: string): Promise<PicturePixels> {
  const file = await readFile(path).catch((error) => {
    throw readError(error, path);
  });
  return pixelsOfFile(file, path);
}

/** @throws CodecLmError with an `IMAGE_*` code that names the file */
export function pixelsOfFile(file: Uint8Array, path: string): Promise<PicturePixels> {
  return pixelsAtOwnSize(file, path);
}

/** The picture at half its size in the middle of a black one (paper, section 5.3). */
export function halved(picture: PicturePixels): PicturePixels {
  const { width, height } = picture;
  const region = activeRegion(picture);
  const from = { width, height, channels: 3 };
  const small = resize(picture.data, from, region, 'bilinear');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < region.height; y++) {
    const row = small.subarray(y * region.width * 3, (y + 1) * region.width * 3);
    data.set(row, ((region.top + y) * width + region.left) * 3);
  }
  return { width, height, data };
}

export function asPng({ width, height, data }: PicturePixels): Promise<Uint8Array> {
  return pngOf({ width, height, pixels: data });
}

/** Shade of what a model is to fill in. */
const GREY = 128;

/** The picture with grey below its first rows. */
export function promptPicture({ width, height, data }: PicturePixels, rows: number): PicturePixels {
  // Not data.slice(): that of a Buffer shares its memory.
  const given = Uint8Array.from(data);
  given.fill(GREY, rows * width * 3);
  return { width, height, data: given };
}
