/**
 * Facts that are needed about an image file before its pixels are read. For a JPEG without EXIF
 * they are read here, because opening a file twice in libvips would cost a tenth of the encoding
 * time.
 */
import { CodecLmError } from '../../../base/error.ts';
import { sharp } from '../../../base/sharp.ts';
import type { Size } from './crop.ts';
import { MAX_SIDE } from './limits.ts';

export interface Probe {
  /** Size as stored, before any orientation. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1..8; 1 is upright. */
  readonly orientation: number;
  readonly hasAlpha: boolean;
  /** Whether its samples are red, green and blue, of 8 or 16 bits. */
  readonly isRgb: boolean;
  /** Whether the decoder can skip detail while it decodes (JPEG). */
  readonly isJpeg: boolean;
}

/**
 * Sample types that are accepted. Floating-point measurements would be clipped to 0..255, and
 * mostly come out black.
 */
const DEPTHS = new Set(['uchar', 'ushort']);

/** @throws the error of sharp when it cannot read the header; `IMAGE_UNSUPPORTED`, `IMAGE_TOO_LARGE` */
export async function probe(
  source: Uint8Array,
  label: string,
  options: Parameters<typeof sharp>[1],
): Promise<Probe> {
  const frame = jpegFrame(source);
  if (frame && Math.max(frame.width, frame.height) > MAX_SIDE) {
    throw new CodecLmError(
      'IMAGE_TOO_LARGE',
      `${label} is too large for its format: ${frame.width}x${frame.height} pixels, but JPEG readers allow at most ${MAX_SIDE} per side`,
      { path: label },
    );
  }
  if (frame && !frame.mayTurn && frame.width > 0 && frame.height > 0) {
    return { ...frame, orientation: 1, hasAlpha: false, isRgb: true, isJpeg: true };
  }
  const metadata = await sharp(source, options).metadata();
  const { width, height, orientation = 1, hasAlpha, format, depth, space } = metadata;
  if (!DEPTHS.has(depth)) {
    throw new CodecLmError(
      'IMAGE_UNSUPPORTED',
      `${label} has samples of type ${depth}, whose range nobody knows`,
      { path: label, hint: 'convert it to 8 or 16 bits per sample first' },
    );
  }
  const isRgb = space === 'srgb' || space === 'rgb16';
  return { width, height, orientation, hasAlpha, isRgb, isJpeg: format === 'jpeg' };
}

const SOI = 0xd8;
const SOS = 0xda;
const APP1 = 0xe1;
/**
 * Whether a marker is SOF0..SOF15, without DHT, JPG and DAC, which lie between them (T.81 table
 * B.1).
 */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

interface JpegFrame extends Size {
  /** Whether a segment before the frame may hold EXIF data, which may rotate the image. */
  readonly mayTurn: boolean;
}

/** The frame of a JPEG; undefined if the file is not a JPEG or no frame comes before the scan. */
function jpegFrame(source: Uint8Array): JpegFrame | undefined {
  if (source[0] !== 0xff || source[1] !== SOI || source[2] !== 0xff) return undefined;
  let offset = 2;
  let mayTurn = false;
  while (offset + 9 < source.length && source[offset] === 0xff) {
    const marker = source[offset + 1];
    if (marker === SOS) return undefined;
    if (marker === APP1) mayTurn = true;
    if (isFrame(marker)) {
      const height = (source[offset + 5] << 8) | source[offset + 6];
      const width = (source[offset + 7] << 8) | source[offset + 8];
      return { width, height, mayTurn };
    }
    offset += 2 + ((source[offset + 2] << 8) | source[offset + 3]);
  }
  return undefined;
}
