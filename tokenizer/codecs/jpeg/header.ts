/**
 * The header of a canonical document: everything before the first MCU. Only
 * the two sizes vary, so it is written and read as one template.
 */

import { CodecLmError } from '../../../base/error.ts';
import { hexByte } from '../../../base/format.ts';
import { MAX_SIDE } from '../pictures/limits.ts';

/** Side of an MCU in pixels: four 8x8 luminance blocks, two by two (4:2:0). */
export const MCU_SIDE = 16;

/** First byte of every marker, and the second byte of two of them (T.81 table B.1). */
export const MARKER = 0xff;
export const RST0 = 0xd0;
export const EOI = 0xd9;

const HEIGHT_OFFSET = 25;
const WIDTH_OFFSET = 27;

// biome-ignore format: one segment per line
const TEMPLATE = Uint8Array.of(
  0xff, 0xd8, // SOI
  0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, // APP0, JFIF 1.01, no unit, 1:1, no thumbnail
  0xff, 0xc0, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, // SOF0: 8 bits, height, width, Y 2x2, Cb, Cr
  0xff, 0xdd, 0, 4, 0, 1, // DRI: a restart interval of one MCU
  0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0, // SOS: one scan of all coefficients
);

/** Bytes before the first MCU. */
export const HEADER_LENGTH = TEMPLATE.length;

/** An image's size in pixels and in MCUs. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly mcuColumns: number;
  readonly mcuRows: number;
  readonly mcuCount: number;
}

export function geometryOf(width: number, height: number): Geometry {
  const mcuColumns = Math.ceil(width / MCU_SIDE);
  const mcuRows = Math.ceil(height / MCU_SIDE);
  return { width, height, mcuColumns, mcuRows, mcuCount: mcuColumns * mcuRows };
}

/** The canonical header of an image of width x height pixels. */
export function writeHeader(width: number, height: number): Uint8Array {
  const header = TEMPLATE.slice();
  const view = new DataView(header.buffer);
  view.setUint16(HEIGHT_OFFSET, height);
  view.setUint16(WIDTH_OFFSET, width);
  return header;
}

/**
 * Reads the size out of a canonical header.
 * @throws CodecLmError `JPEG_INVALID` that names the first wrong byte
 */
export function readHeader(bytes: Uint8Array): Geometry {
  for (let i = 0; i < HEADER_LENGTH; i++) {
    if (i >= bytes.length) throw invalid(i, 'the document ends inside its header');
    const isSize = i >= HEIGHT_OFFSET && i < WIDTH_OFFSET + 2;
    if (isSize || bytes[i] === TEMPLATE[i]) continue;
    throw invalid(i, `header byte is ${hexByte(bytes[i])}, expected ${hexByte(TEMPLATE[i])}`);
  }
  const height = (bytes[HEIGHT_OFFSET] << 8) | bytes[HEIGHT_OFFSET + 1];
  const width = (bytes[WIDTH_OFFSET] << 8) | bytes[WIDTH_OFFSET + 1];
  if (height === 0 || height > MAX_SIDE) throw invalid(HEIGHT_OFFSET, `height is ${height}`);
  if (width === 0 || width > MAX_SIDE) throw invalid(WIDTH_OFFSET, `width is ${width}`);
  return geometryOf(width, height);
}

/** A `JPEG_INVALID` error at a byte of the document. */
export function invalid(offset: number, what: string): CodecLmError {
  return new CodecLmError(
    'JPEG_INVALID',
    `not a canonical JPEG document: ${what} at byte ${offset}`,
  );
}
