/** Splits the bytes of a document into named parts, for people who look at tokens. */
import type { Part } from '../codec.ts';
import { parseDocument } from './document.ts';
import { HEADER_LENGTH } from './header.ts';

/** Segments of the canonical header with their end offsets (ITU-T T.81, table B.1). */
const JPEG_HEADER: Part[] = [
  { name: 'SOI', end: 2 },
  { name: 'APP0', end: 20 },
  { name: 'SOF0', end: 39 },
  { name: 'DRI', end: 45 },
  { name: 'SOS', end: HEADER_LENGTH },
];

const MARKER_BYTES = 2;

/** @throws CodecLmError `JPEG_INVALID` for bytes that are not canonical */
export function partsOfJpeg(bytes: Uint8Array): Part[] {
  const { mcuOffsets } = parseDocument(bytes);
  const parts = [...JPEG_HEADER];
  for (let mcu = 0; mcu < mcuOffsets.length; mcu++) {
    const isLast = mcu === mcuOffsets.length - 1;
    const end = isLast ? bytes.length : mcuOffsets[mcu + 1];
    parts.push({ name: `MCU ${mcu}`, end: end - MARKER_BYTES });
    parts.push({ name: isLast ? 'EOI' : `RST${mcu & 7}`, end });
  }
  return parts;
}
