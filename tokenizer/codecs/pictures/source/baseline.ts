/**
 * Converts an image file to the baseline JPEG that the lossless rewrite makes canonical, with
 * sharp. If sharp fails for a reason that may not be the file's own, a process that reads it alone
 * tries again.
 */
import type { Sharp } from 'sharp';
import { CodecLmError } from '../../../../base/error.ts';
import { openImage } from '../decode.ts';
import { CONVERT, imageError, isOwn } from '../failures.ts';
import type { ImageSettings } from '../settings.ts';
import { NoProcess, readAlone } from './alone.ts';
import { needsLibheif } from './heic.ts';
import { formatName, looksLikeSvg } from './name.ts';
import { wrongColours } from './tiff.ts';

/** The encoder settings of Pillow: 4:2:0, the standard Huffman tables, no trellis. */
export function baseline(image: Sharp, quality: number): Sharp {
  return image.jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false });
}

/**
 * Number of files being read now, and of all that were begun so far: if two overlap, either may get
 * the other's messages.
 */
let inFlight = 0;
let begun = 0;

/** @throws CodecLmError with an `IMAGE_*` code that names the file */
export async function baselineOf(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
): Promise<Uint8Array> {
  return contentOf(source, label, settings);
}

/**
 * The pixels themselves: RGB, 8 bits a sample, [height, width, 3].
 * @throws CodecLmError with an `IMAGE_*` code that names the file
 */
export async function pixelsOf(
  source: Uint8Array,
  label: string,
  { quality: _, ...settings }: ImageSettings,
): Promise<Uint8Array> {
  return contentOf(source, label, settings);
}

async function contentOf(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
): Promise<Uint8Array> {
  if (needsLibheif(source)) return readAlone({ source, label, settings });
  const number = ++begun;
  let isAlone = inFlight++ === 0;
  const started = performance.now();
  let doubtful: unknown;
  try {
    return await read(source, label, settings);
  } catch (error) {
    isAlone &&= number === begun;
    const seconds = (performance.now() - started) / 1000;
    const isOverdue = seconds >= settings.timeoutSeconds;
    if (isAlone || isOwn(error, isOverdue)) throw imageError(error, { label, source, isOverdue });
    doubtful = error;
  } finally {
    inFlight--;
  }
  try {
    return await readAlone({ source, label, settings });
  } catch (error) {
    if (!(error instanceof NoProcess)) throw error;
    throw imageError(doubtful, { label, source, isDoubtful: true });
  }
}

/** The same in this process in any case, for a process that reads nothing else. */
export async function contentHere(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
): Promise<Uint8Array> {
  const started = performance.now();
  try {
    return await read(source, label, settings);
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    throw imageError(error, { label, source, isOverdue: seconds >= settings.timeoutSeconds });
  }
}

/**
 * The pixels that are encoded, [height, width, 3], 8 bits per sample; for comparisons.
 * @throws CodecLmError with an `IMAGE_*` code that names the file
 */
export async function rgbOf(
  source: Uint8Array,
  label: string,
  settings: ImageSettings,
): Promise<Uint8Array> {
  try {
    refuse(source, label, settings);
    return await (await openImage(source, label, settings)).raw().toBuffer();
  } catch (error) {
    throw imageError(error, { label, source });
  }
}

/** A baseline JPEG of the settings' quality, or pixels where they have none. */
async function read(source: Uint8Array, label: string, settings: ImageSettings): Promise<Buffer> {
  refuse(source, label, settings);
  const image = await openImage(source, label, settings);
  const { quality } = settings;
  return (quality === undefined ? image.raw() : baseline(image, quality)).toBuffer();
}

/** @throws CodecLmError for files that must not reach a decoder */
function refuse(source: Uint8Array, label: string, { svg }: ImageSettings): void {
  if (source.length === 0) {
    throw new CodecLmError('IMAGE_EMPTY', `${label} is empty: 0 bytes`, { path: label });
  }
  const wrong = wrongColours(source);
  if (wrong !== undefined) {
    const details = { path: label, hint: CONVERT };
    throw new CodecLmError('IMAGE_UNSUPPORTED', `${label} ${wrong}`, details);
  }
  if (!looksLikeSvg(source)) return;
  const name = formatName(source) ?? 'a text that holds a drawing (SVG)';
  const isDrawing = name.startsWith('a drawing');
  if (svg === 'render' && isDrawing) return;
  throw new CodecLmError('IMAGE_UNSUPPORTED', `${label} is ${name}, not a picture`, {
    path: label,
    hint: isDrawing
      ? 'use `svg: render` if you trust the file: nothing limits the time it may take'
      : undefined,
  });
}
