/**
 * The lossless rewrite: a baseline file without restart markers becomes the canonical document,
 * which has one after every MCU. No coefficient changes. A restart sets the DC predictors to zero
 * (T.81 F.1.1.5.1), so only the DC code of the first Y, the Cb and the Cr block of each MCU is
 * rewritten; all other bits are copied.
 */
import { hexByte } from '../../../base/format.ts';
import { readBaselineHeader } from './baseline.ts';
import { EOI, HEADER_LENGTH, invalid, writeHeader } from './header.ts';
import {
  AC_CHROMINANCE,
  AC_LUMINANCE,
  DC_CHROMINANCE,
  DC_LUMINANCE,
  type HuffmanTable,
  quantizationTables,
} from './tables.ts';

/** Blocks per MCU: four of Y, one of Cb, one of Cr (T.81 A.2.3). */
const BLOCKS_PER_MCU = 6;

/**
 * @param jpeg baseline, 4:2:0, standard Huffman tables, no restart interval
 * @param quality if given, the quantization tables, which are left out, must be those of this
 * quality
 * @returns the canonical document: no DQT, no DHT, DRI 1, restart markers
 * @throws CodecLmError `JPEG_INVALID` that says which condition is not met, and where
 */
export function addRestartMarkers(jpeg: Uint8Array, quality?: number): Uint8Array {
  const header = readBaselineHeader(jpeg);
  if (quality !== undefined) checkQuantization(header.quantization, quality);
  const { bits, bitLength } = unstuff(jpeg, header.scanStart);
  const writer = new BitWriter(header.mcuCount, bits.length);
  writer.bytes.set(writeHeader(header.width, header.height));

  // The predictors of the source, which run through the whole scan. Index: Y, Cb, Cr.
  const predictors = [0, 0, 0];
  let position = 0;
  for (let mcu = 0; mcu < header.mcuCount; mcu++) {
    // The bits between two rewritten DC codes are copied.
    let copyFrom = position;
    for (let block = 0; block < BLOCKS_PER_MCU; block++) {
      const component = block < 4 ? 0 : block - 3;
      const dcTable = component === 0 ? DC_LUMINANCE : DC_CHROMINANCE;
      const start = position;

      const dcCode = dcTable.lookup[peek16(bits, position)];
      if (dcCode === 0) throw invalid(header.scanStart, `a dead DC code in MCU ${mcu}`);
      const size = dcCode & 255;
      position += dcCode >> 8;
      const value = predictors[component] + readSigned(bits, position, size);
      position += size;
      predictors[component] = value;
      if (block === 0 || block > 3) {
        writer.copy(bits, copyFrom, start);
        writeDc(writer, dcTable, value, mcu);
        copyFrom = position;
      }

      position = skipAc(
        bits,
        position,
        component === 0 ? AC_LUMINANCE.lookup : AC_CHROMINANCE.lookup,
      );
      if (position < 0)
        throw invalid(header.scanStart, `a dead AC code or a run over 63 in MCU ${mcu}`);
      if (position > bitLength) throw invalid(jpeg.length, `the scan ends inside MCU ${mcu}`);
    }
    writer.copy(bits, copyFrom, position);
    writer.padWithOnes();
    if (mcu < header.mcuCount - 1) writer.marker(0xd0 + (mcu & 7));
  }
  if (bitLength - position >= 8) throw invalid(jpeg.length, 'bytes after the last MCU');
  writer.marker(EOI);
  return writer.finish();
}

/**
 * Returns the position after the 63 AC coefficients of a block (T.81 F.2.2.2), or -1 if they are
 * not valid.
 */
function skipAc(bits: Uint8Array, from: number, lookup: Uint16Array): number {
  let position = from;
  for (let k = 1; k < 64; ) {
    const code = lookup[peek16(bits, position)];
    if (code === 0) return -1;
    const size = code & 15;
    position += (code >> 8) + size;
    if (size === 0 && (code & 0xf0) === 0) return position; // EOB
    k += ((code >> 4) & 15) + 1;
    if (k > 64 || (size === 0 && k > 63)) return -1;
  }
  return position;
}

/**
 * Writes a DC value right after a restart: its difference to a predictor of zero (T.81 F.1.2.1).
 */
function writeDc(writer: BitWriter, table: HuffmanTable, value: number, mcu: number): void {
  const size = 32 - Math.clz32(Math.abs(value));
  if (size > 11) throw invalid(0, `a DC value of ${value} in MCU ${mcu}`);
  writer.put(table.codes[size], table.lengths[size]);
  // Negative values are written as value - 1 in `size` bits (T.81 table F.1).
  writer.put((value < 0 ? value - 1 : value) & ((1 << size) - 1), size);
}

function readSigned(bits: Uint8Array, position: number, size: number): number {
  if (size === 0) return 0;
  const raw = peek16(bits, position) >> (16 - size);
  return raw < 1 << (size - 1) ? raw - (1 << size) + 1 : raw;
}

/** The next 16 bits at a bit position; `bits` has spare bytes behind its end. */
function peek16(bits: Uint8Array, position: number): number {
  const i = position >>> 3;
  return (((bits[i] << 16) | (bits[i + 1] << 8) | bits[i + 2]) >>> (8 - (position & 7))) & 0xffff;
}

/**
 * The scan without the 00 after each FF (T.81 F.1.2.3). It must end with EOI and contain no other
 * marker.
 */
function unstuff(jpeg: Uint8Array, start: number): { bits: Uint8Array; bitLength: number } {
  // Two spare bytes for peek16, and eight so that a broken scan is noticed after a block, not
  // inside it.
  const bits = new Uint8Array(jpeg.length - start + 16);
  let length = 0;
  let i = start;
  while (i < jpeg.length) {
    const byte = jpeg[i++];
    bits[length++] = byte;
    if (byte !== 0xff) continue;
    const next = jpeg[i++];
    if (next === 0) continue;
    if (next !== EOI) throw invalid(i - 2, `marker FF${hexByte(next ?? 0)} inside the scan`);
    return { bits, bitLength: (length - 1) * 8 };
  }
  throw invalid(jpeg.length, 'no EOI');
}

function checkQuantization(found: readonly Uint8Array[], quality: number): void {
  const expected = quantizationTables(quality);
  const same = (a: Uint8Array | undefined, b: Uint8Array) => a?.every((step, i) => step === b[i]);
  if (same(found[0], expected.luminance) && same(found[1], expected.chrominance)) return;
  throw invalid(2, `quantization tables that are not those of quality ${quality}`);
}

/** Writes entropy-coded bytes and stuffs them (T.81 B.1.1.5). */
class BitWriter {
  readonly bytes: Uint8Array;
  #length = HEADER_LENGTH;
  /** Bits not yet written, right-aligned; fewer than 8 between calls. */
  #pending = 0;
  #pendingBits = 0;

  constructor(mcuCount: number, scanLength: number) {
    // An MCU adds a marker, padding, and three DC codes that are each up to 3 bytes longer; each
    // byte may be stuffed. Memory that is not touched costs nothing.
    this.bytes = new Uint8Array(HEADER_LENGTH + 2 * (scanLength + mcuCount * 12));
  }

  /** Writes the lowest `count` bits of `value`; at most 16. */
  put(value: number, count: number): void {
    this.#pending = (this.#pending << count) | value;
    this.#pendingBits += count;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      this.#byte((this.#pending >>> this.#pendingBits) & 255);
    }
    this.#pending &= (1 << this.#pendingBits) - 1;
  }

  copy(bits: Uint8Array, from: number, to: number): void {
    // Two bytes per turn, with all state in local variables: most of the time of the rewrite is
    // spent here.
    const bytes = this.bytes;
    const pendingBits = this.#pendingBits;
    const mask = (1 << pendingBits) - 1;
    let pending = this.#pending;
    let length = this.#length;
    let position = from;
    for (; position + 16 <= to; position += 16) {
      pending = (pending << 16) | peek16(bits, position);
      const first = (pending >>> (pendingBits + 8)) & 255;
      bytes[length++] = first;
      if (first === 0xff) bytes[length++] = 0;
      const second = (pending >>> pendingBits) & 255;
      bytes[length++] = second;
      if (second === 0xff) bytes[length++] = 0;
      pending &= mask;
    }
    this.#pending = pending;
    this.#length = length;
    const rest = to - position;
    if (rest > 0) this.put(peek16(bits, position) >>> (16 - rest), rest);
  }

  /** T.81 F.1.2.3: fills an incomplete byte before a marker with 1-bits. */
  padWithOnes(): void {
    const missing = -this.#pendingBits & 7;
    if (missing > 0) this.put((1 << missing) - 1, missing);
  }

  marker(code: number): void {
    this.bytes[this.#length++] = 0xff;
    this.bytes[this.#length++] = code;
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.#length);
  }

  #byte(value: number): void {
    this.bytes[this.#length++] = value;
    if (value === 0xff) this.bytes[this.#length++] = 0;
  }
}
