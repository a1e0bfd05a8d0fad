/**
 * Reads the header of a file that sharp (libjpeg) wrote: a baseline file with its tables and no
 * restart markers. It checks everything that the lossless rewrite relies on, so that another
 * libvips version cannot change documents unnoticed.
 */

import { hexByte } from '../../../base/format.ts';
import { MAX_SIDE } from '../pictures/limits.ts';
import { type Geometry, geometryOf, invalid } from './header.ts';
import type { HuffmanTable } from './tables.ts';
import { AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE } from './tables.ts';

/** The parts of a baseline file before its entropy-coded bytes. */
export interface BaselineHeader extends Geometry {
  /** Offset of the first entropy-coded byte. */
  readonly scanStart: number;
  /** Quantization steps by table number, in zigzag order. */
  readonly quantization: readonly Uint8Array[];
}

const SOI = 0xd8;
const DQT = 0xdb;
const SOF0 = 0xc0;
const DHT = 0xc4;
const SOS = 0xda;
const DRI = 0xdd;

/** Components of SOF0 after the size: Y 2x2 with table 0, Cb and Cr 1x1 with table 1 (T.81 B.2.2). */
const FRAME_COMPONENTS = [3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
/** SOS: one scan of all three components and all 64 coefficients (T.81 B.2.3). */
const SCAN_HEADER = [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];

/**
 * Content of each standard Huffman table, by the DHT byte with its class and id (T.81 B.2.4.2).
 */
const STANDARD_TABLES = new Map<number, Uint8Array>([
  [0x00, contentOf(DC_LUMINANCE)],
  [0x10, contentOf(AC_LUMINANCE)],
  [0x01, contentOf(DC_CHROMINANCE)],
  [0x11, contentOf(AC_CHROMINANCE)],
]);

function contentOf({ counts, symbols }: HuffmanTable): Uint8Array {
  return Uint8Array.of(...counts, ...symbols);
}

/**
 * @throws CodecLmError `JPEG_INVALID` when the file is not baseline 4:2:0 in one
 *   scan with the standard Huffman tables and no restart interval
 */
export function readBaselineHeader(jpeg: Uint8Array): BaselineHeader {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw invalid(0, 'no SOI');
  const quantization: Uint8Array[] = [];
  let geometry: Geometry | undefined;
  let tablesSeen = 0;
  let offset = 2;
  for (;;) {
    if (offset + 4 > jpeg.length) throw invalid(offset, 'the file ends inside its header');
    if (jpeg[offset] !== 0xff)
      throw invalid(offset, `${hexByte(jpeg[offset])} where a marker must be`);
    const marker = jpeg[offset + 1];
    const end = offset + 2 + ((jpeg[offset + 2] << 8) | jpeg[offset + 3]);
    if (end > jpeg.length || end < offset + 4) throw invalid(offset, 'a segment of no sane length');
    const body = jpeg.subarray(offset + 4, end);
    if (marker === DQT) readQuantization(body, quantization, offset);
    else if (marker === DHT) tablesSeen += checkHuffman(body, offset);
    else if (marker === SOF0) geometry = readFrame(body, offset);
    else if (marker === DRI) throw invalid(offset, 'a restart interval');
    else if (marker === SOS) {
      if (!matches(body, SCAN_HEADER)) throw invalid(offset, 'a scan of another kind');
      if (!geometry) throw invalid(offset, 'a scan before its frame');
      if (tablesSeen < STANDARD_TABLES.size) throw invalid(offset, 'a Huffman table is missing');
      return { ...geometry, scanStart: end, quantization };
    } else if (marker < 0xe0 || (marker > 0xef && marker !== 0xfe)) {
      throw invalid(offset, `marker FF${hexByte(marker)}, which baseline files do not have`);
    }
    offset = end;
  }
}

function readFrame(body: Uint8Array, offset: number): Geometry {
  const height = (body[1] << 8) | body[2];
  const width = (body[3] << 8) | body[4];
  if (body[0] !== 8 || !matches(body.subarray(5), FRAME_COMPONENTS)) {
    throw invalid(offset, 'a frame other than 8-bit 4:2:0');
  }
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) {
    throw invalid(offset, `a frame of ${width}x${height} pixels`);
  }
  return geometryOf(width, height);
}

/** A DQT segment may hold several tables, each one id byte and 64 steps (T.81 B.2.4.1). */
function readQuantization(body: Uint8Array, into: Uint8Array[], offset: number): void {
  for (let i = 0; i < body.length; i += 65) {
    if (body[i] > 1 || i + 65 > body.length)
      throw invalid(offset, 'a quantization table of another kind');
    into[body[i]] = body.subarray(i + 1, i + 65);
  }
}

/** Number of tables in a DHT segment; throws if one is not the standard table of its id. */
function checkHuffman(body: Uint8Array, offset: number): number {
  let seen = 0;
  for (let i = 0; i < body.length; seen++) {
    const content = STANDARD_TABLES.get(body[i]);
    if (!content) throw invalid(offset, `Huffman table ${hexByte(body[i])}`);
    if (!matches(body.subarray(i + 1, i + 1 + content.length), content)) {
      throw invalid(offset, `Huffman table ${hexByte(body[i])} is not the standard one`);
    }
    i += 1 + content.length;
  }
  return seen;
}

function matches(bytes: Uint8Array, expected: ArrayLike<number>): boolean {
  return bytes.length === expected.length && bytes.every((byte, i) => byte === expected[i]);
}
