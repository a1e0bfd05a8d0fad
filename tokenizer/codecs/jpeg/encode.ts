/**
 * Pixels, or an image file, to canonical bytes: sharp decodes, resizes and
 * encodes, the lossless rewrite makes the result canonical.
 */
import type { Sharp } from 'sharp';
import type { z } from 'zod';
import { CodecLmError } from '../../../base/error.ts';
import { sharp, sharpVersions } from '../../../base/sharp.ts';
import type { Codec } from '../codec.ts';
import { openImage } from './decode.ts';
import { imageError } from './failures.ts';
import { looksLikeSvg } from './probe.ts';
import { addRestartMarkers } from './restarts.ts';
import { type JpegSettings, jpegSettingsSchema } from './settings.ts';
import { toJpegFile } from './view.ts';

/** See `Codec.versions`. 2: drafts of large JPEGs whose pixels meet the crop's borders. */
const RECIPE = '2';

/**
 * Canonical bytes of a raster: what Pillow writes for it with `quality=quality,
 * subsampling='4:2:0', streamtype=2, restart_marker_blocks=1`.
 * @param pixels RGB, 8 bits a sample, row by row: [height, width, 3]
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

/** The encoder settings of Pillow: 4:2:0, the standard Huffman tables, no trellis. */
function baseline(image: Sharp, quality: number): Sharp {
  return image.jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false });
}

/** @throws CodecLmError `CONFIG_INVALID` that names the setting */
export function createJpegCodec(
  input: z.input<typeof jpegSettingsSchema> = {},
): Codec & { view(bytes: Uint8Array): Uint8Array } {
  const parsed = jpegSettingsSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CodecLmError('CONFIG_INVALID', `JPEG ${issue.path.join('.')}: ${issue.message}`);
  }
  const settings = parsed.data;
  return {
    name: 'jpeg',
    extension: '.jpg',
    settings: Object.fromEntries(
      Object.entries(settings).filter(([, value]) => value !== undefined),
    ) as Codec['settings'],
    versions: { ...sharpVersions(), recipe: RECIPE },
    async encode(source, label) {
      const jpeg = await baselineOf(source, label, settings);
      const bytes = addRestartMarkers(jpeg, settings.quality);
      return { bytes, width: settings.width, height: settings.height };
    },
    view: (bytes) => toJpegFile(bytes, settings.quality),
  };
}

async function baselineOf(
  source: Uint8Array,
  label: string,
  settings: JpegSettings,
): Promise<Uint8Array> {
  if (source.length === 0) {
    throw new CodecLmError('IMAGE_EMPTY', `${label} is empty: 0 bytes`, { path: label });
  }
  if (settings.svg === 'refuse' && looksLikeSvg(source)) {
    throw new CodecLmError('IMAGE_UNSUPPORTED', `${label} is a drawing (SVG), not a picture`, {
      path: label,
      hint: 'use --svg render if the file is to be trusted: nothing limits the time it may take',
    });
  }
  const started = performance.now();
  try {
    return await baseline(await openImage(source, label, settings), settings.quality).toBuffer();
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    throw imageError(error, label, seconds >= settings.timeoutSeconds);
  }
}
