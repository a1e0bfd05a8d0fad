/** What the bytes of a document are: named parts for people, and for each bit its kind of syntax and its MCU. */
import type { Part } from '../codec.ts';
import { type SyntaxMap, SyntaxMapper } from '../syntax-map.ts';
import { parseDocument } from './document.ts';
import { HEADER_LENGTH, MARKER } from './header.ts';
import { AC_CHROMINANCE, AC_LUMINANCE, DC_CHROMINANCE, DC_LUMINANCE } from './tables.ts';

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

/**
 * `padding` holds the 1-bits up to the byte border at the end of an MCU and the 00 after an FF; `marker`
 * the restart markers and EOI.
 */
const KINDS = ['header', 'DC', 'AC', 'padding', 'marker'] as const;
type Kind = (typeof KINDS)[number];

const BLOCKS_PER_MCU = 6;
const LUMINANCE_BLOCKS = 4;

/** @throws CodecLmError `JPEG_INVALID` for bytes that are not canonical */
export function syntaxOfJpeg(bytes: Uint8Array): SyntaxMap {
  const { mcuOffsets, mcuColumns, mcuRows } = parseDocument(bytes);
  const mapper = new SyntaxMapper<Kind>(KINDS, bytes.length);
  mapper.whole('header', 0, HEADER_LENGTH);
  for (const [mcu, start] of mcuOffsets.entries()) {
    const next = mcuOffsets[mcu + 1] ?? bytes.length;
    mapper.place(mcu, start, next);
    mapMcu(bytes, start, next - MARKER_BYTES, mapper);
    mapper.whole('marker', next - MARKER_BYTES, next);
  }
  return mapper.finish(mcuColumns, mcuRows);
}

/** The document has been checked: every code is one of its table, and the MCU ends where it should. */
function mapMcu(bytes: Uint8Array, start: number, end: number, mapper: SyntaxMapper<Kind>): void {
  const bits = new McuBits(bytes, start, end, mapper);
  for (let block = 0; block < BLOCKS_PER_MCU; block++) {
    const isLuminance = block < LUMINANCE_BLOCKS;
    const dc = (isLuminance ? DC_LUMINANCE : DC_CHROMINANCE).lookup[bits.peek16()];
    bits.take('DC', (dc >> 8) + (dc & 255));
    const { lookup } = isLuminance ? AC_LUMINANCE : AC_CHROMINANCE;
    for (let k = 1; k < 64; ) {
      const code = lookup[bits.peek16()];
      const [size, run] = [code & 15, (code >> 4) & 15];
      bits.take('AC', (code >> 8) + size);
      if (size === 0 && run === 0) break;
      k += run + 1;
    }
  }
  bits.takeRest('padding');
}

/** The bits of an MCU, and the byte of the document that each lies in. */
class McuBits {
  readonly #bytes: Uint8Array;
  readonly #mapper: SyntaxMapper<Kind>;
  /** Offsets of the bytes that hold bits: all but a 00 after an FF. */
  readonly #places: number[] = [];
  #position = 0;

  constructor(bytes: Uint8Array, start: number, end: number, mapper: SyntaxMapper<Kind>) {
    this.#bytes = bytes;
    this.#mapper = mapper;
    for (let i = start; i < end; i++) {
      this.#places.push(i);
      if (bytes[i] !== MARKER) continue;
      i++;
      mapper.whole('padding', i, i + 1);
    }
  }

  /** The next 16 bits; zeros behind the end. */
  peek16(): number {
    const first = this.#position >>> 3;
    const byte = (i: number) => this.#bytes[this.#places[first + i]] ?? 0;
    const word = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    return (word >>> (8 - (this.#position & 7))) & 0xffff;
  }

  take(kind: Kind, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#mapper.bit(kind, this.#places[this.#position >>> 3]);
      this.#position++;
    }
  }

  takeRest(kind: Kind): void {
    this.take(kind, 8 * this.#places.length - this.#position);
  }
}
