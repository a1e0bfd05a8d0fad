/** The pixels of a picture file at its own size, as Pillow's `convert('RGB')` gives them. */
import { imageError } from '../failures.ts';
import { probe } from '../probe.ts';
import { imageInputSchema } from '../settings.ts';
import { rgbOf } from './baseline.ts';
import { isBmp, readBmp } from './bmp.ts';
import { needsLibheif, readHeic } from './heic.ts';

export interface PicturePixels {
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits a sample: [height, width, 3] */
  readonly data: Uint8Array;
}

/** Not turned, as Pillow leaves it; damage that a decoder only warns of is let through, as there. */
const SETTINGS = imageInputSchema.parse({ orientation: 'ignore', failOn: 'truncated' });

/**
 * @param label the file's name
 * @throws CodecLmError with an `IMAGE_*` code that names the file
 */
export async function pixelsAtOwnSize(source: Uint8Array, label: string): Promise<PicturePixels> {
  const { width, height } = await sizeOf(source, label);
  const data = await rgbOf(source, label, { ...SETTINGS, width, height });
  return { width, height, data };
}

async function sizeOf(source: Uint8Array, label: string) {
  const { failOn, maxPixels } = SETTINGS;
  try {
    // An empty file is refused by whoever reads the pixels.
    if (source.length === 0) return { width: 1, height: 1 };
    if (isBmp(source)) return await readBmp(source, label, maxPixels);
    if (needsLibheif(source)) return await readHeic(source, label, maxPixels);
    return await probe(source, label, { failOn, limitInputPixels: maxPixels, pages: 1 });
  } catch (error) {
    throw imageError(error, { label, source });
  }
}
