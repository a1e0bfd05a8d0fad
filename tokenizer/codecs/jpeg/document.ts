/**
 * Reads a canonical document: checks every byte of it and finds its MCUs, so that damage is found
 * and a prompt can be cut between two MCUs.
 */
import { hexByte } from '../../../base/format.ts';
import { type Edge, isOutside, McuEdges } from './grammar/edges.ts';
import { EOI, type Geometry, HEADER_LENGTH, invalid, readHeader } from './header.ts';
import { AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE } from './tables.ts';

export interface JpegDocument extends Geometry {
  readonly bytes: Uint8Array;
  /** Offset of the first byte of each MCU; its restart marker (or EOI) comes 2 bytes before the next. */
  readonly mcuOffsets: Int32Array;
}

const BLOCKS_PER_MCU = 6;
/**
 * Bits of a DC difference of 0 and an end of block: codes 00 and 1010 of T.81 tables K.3 and K.5.
 */
const EMPTY_LUMINANCE_BLOCK = 0b001010;

/**
 * @param bytes a canonical document, and nothing after it
 * @throws CodecLmError `JPEG_INVALID` that says what is wrong at which byte
 */
export function parseDocument(bytes: Uint8Array): JpegDocument {
  const geometry = readHeader(bytes);
  const { mcuCount } = geometry;
  // An MCU and its marker take at least 6 bytes; check that before trusting the size.
  if (bytes.length < HEADER_LENGTH + mcuCount * MIN_MCU_BYTES) {
    throw invalid(bytes.length, `too short for ${mcuCount} MCUs: the document ends`);
  }
  const mcuOffsets = new Int32Array(mcuCount);
  const scratch = new Uint8Array(MAX_MCU_BYTES + 4);
  const edges = new McuEdges(geometry);
  let offset = HEADER_LENGTH;
  for (let mcu = 0; mcu < mcuCount; mcu++) {
    mcuOffsets[mcu] = offset;
    const { end, length } = unstuffSegment(bytes, offset, scratch, mcu);
    checkMcu(scratch, length, offset, mcu, edges.of(mcu));
    const expected = mcu < mcuCount - 1 ? 0xd0 + (mcu & 7) : EOI;
    if (bytes[end + 1] !== expected) {
      throw invalid(
        end,
        `marker FF${hexByte(bytes[end + 1])}, expected FF${hexByte(expected)} after MCU ${mcu}`,
      );
    }
    offset = end + 2;
  }
  if (offset !== bytes.length) throw invalid(offset, `${bytes.length - offset} bytes after EOI`);
  return { ...geometry, bytes, mcuOffsets };
}

/**
 * Smallest MCU: six empty blocks have 4 x (2 + 4) + 2 x (2 + 2) bits, in 4 bytes; a marker follows.
 */
const MIN_MCU_BYTES = 6;
/** Largest MCU: 6 blocks with a DC value of 11 + 11 bits and 63 coefficients of 16 + 10 bits. */
const MAX_MCU_BYTES = Math.ceil((6 * (22 + 63 * 26)) / 8);

/** Copies the entropy-coded bytes up to the next marker, without the 00 after each FF. */
function unstuffSegment(
  bytes: Uint8Array,
  start: number,
  into: Uint8Array,
  mcu: number,
): { end: number; length: number } {
  let length = 0;
  for (let i = start; i + 1 < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0xff) {
      if (bytes[i + 1] !== 0) {
        into.fill(0, length, length + 4);
        return { end: i, length };
      }
      i++;
    }
    if (length === MAX_MCU_BYTES) throw invalid(i, `MCU ${mcu} does not end`);
    into[length++] = byte;
  }
  throw invalid(bytes.length, `the document ends inside MCU ${mcu}`);
}

/**
 * Checks the bits of one MCU: six blocks, then 1-bits up to the byte boundary (T.81 F.2.2,
 * F.1.2.3).
 */
function checkMcu(bits: Uint8Array, length: number, offset: number, mcu: number, edge: Edge): void {
  const at = (position: number) => offset + (position >>> 3);
  const where = (block: number) => `in block ${block} of MCU ${mcu}`;
  let position = 0;
  for (let block = 0; block < BLOCKS_PER_MCU; block++) {
    if (isOutside(edge, block) && peek16(bits, position) >>> 10 !== EMPTY_LUMINANCE_BLOCK) {
      throw invalid(at(position), `a block outside of the image is not empty, ${where(block)}`);
    }
    const dcLookup = block < 4 ? DC_LUMINANCE.lookup : DC_CHROMINANCE.lookup;
    const acLookup = block < 4 ? AC_LUMINANCE.lookup : AC_CHROMINANCE.lookup;
    const dc = dcLookup[peek16(bits, position)];
    if (dc === 0) throw invalid(at(position), `a dead DC code ${where(block)}`);
    position += (dc >> 8) + (dc & 255);
    let afterRun = false;
    for (let k = 1; k < 64; ) {
      const code = acLookup[peek16(bits, position)];
      if (code === 0) throw invalid(at(position), `a dead AC code ${where(block)}`);
      const size = code & 15;
      const run = (code >> 4) & 15;
      if (size === 0 && run === 0) {
        if (afterRun)
          throw invalid(at(position), `an end of block after a run of zeros ${where(block)}`);
        position += code >> 8;
        break;
      }
      afterRun = size === 0;
      k += run + 1;
      if (k > 64 || (afterRun && k > 63)) {
        throw invalid(at(position), `a run past coefficient 63 ${where(block)}`);
      }
      position += (code >> 8) + size;
      if (position > length * 8) break;
    }
    if (position > length * 8) throw invalid(offset + length, `MCU ${mcu} is cut short`);
  }
  if (length * 8 - position >= 8)
    throw invalid(at(position), `bytes after the last block of MCU ${mcu}`);
  const missing = length * 8 - position;
  const padding = (1 << missing) - 1;
  if ((bits[length - 1] & padding) !== padding) {
    throw invalid(offset + length - 1, `padding of MCU ${mcu} that is not all 1-bits`);
  }
}

function peek16(bits: Uint8Array, position: number): number {
  const i = position >>> 3;
  return (((bits[i] << 16) | (bits[i + 1] << 8) | bits[i + 2]) >>> (8 - (position & 7))) & 0xffff;
}
