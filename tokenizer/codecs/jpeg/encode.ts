/**
 * Encodes pixels or an image file as canonical bytes: sharp decodes, resizes and encodes; the
 * lossless rewrite makes the result canonical.
 */
import type { z } from 'zod';
import { CodecLmError } from '../../../base/error.ts';
import { sharp, sharpVersions } from '../../../base/sharp.ts';
import type { CodecSettings, Encoder } from '../codec.ts';
import { parseSettings } from '../define.ts';
import { measureImage } from '../pictures/measure.ts';
import { baseline, baselineOf } from '../pictures/source/baseline.ts';
import { addRestartMarkers } from './restarts.ts';
import { type JpegSettings, jpegSettingsSchema } from './settings.ts';

/**
 * See `Encoder.versions`. Version 2: drafts of large JPEGs whose pixels meet the crop's borders.
 * Version 3: enlarging as Pillow does; a background under grey pictures; GIFs with the colours of
 * their palette.
 */
const RECIPE = '3';

/**
 * Encodes a raster as canonical bytes, the bytes that Pillow writes with `quality=quality,
 * subsampling='4:2:0', streamtype=2, restart_marker_blocks=1`.
 * @param pixels RGB, 8 bits per sample, row by row: [height, width, 3]
 * @param quality 1..100
 */
export async function encodeRaster(
  pixels: Uint8Array,
  width: number,
  height: number,
  quality = 25,
): Promise<Uint8Array> {
  if (pixels.length !== width * height * 3) {
    throw new CodecLmError(
      'INTERNAL',
      `${width}x${height} RGB pixels are ${width * height * 3} bytes; received ${pixels.length}`,
    );
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  return addRestartMarkers(await baseline(image, quality).toBuffer(), quality);
}

/** @throws CodecLmError `CONFIG_INVALID` that names the setting */
export function createJpegCodec(
  input: z.input<typeof jpegSettingsSchema> = {},
): Encoder<Uint8Array> {
  const settings = parseSettings('JPEG', jpegSettingsSchema, input);
  return {
    settings: recorded(settings),
    versions: { ...sharpVersions(), recipe: RECIPE },
    async encode(source, label) {
      const jpeg = await baselineOf(source, label, settings);
      const symbols = addRestartMarkers(jpeg, settings.quality);
      return { symbols, width: settings.width, height: settings.height };
    },
    measure: (source, label, withLook) => measureImage(source, label, settings, withLook),
  };
}

/**
 * The settings as they are recorded. A newer setting is left out while it has its default effect,
 * so that datasets from before it existed still count as made alike.
 */
function recorded(settings: JpegSettings): CodecSettings {
  const entries = Object.entries(settings).filter(
    ([key, value]) => value !== undefined && !(key === 'enlarge' && value === 'pillow'),
  );
  return Object.fromEntries(entries) as CodecSettings;
}
