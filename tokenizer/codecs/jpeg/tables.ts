/**
 * The tables that a canonical document leaves out because they never change:
 * the Huffman tables of ITU-T T.81 K.3 and the quantization tables of K.1,
 * scaled to a quality the way libjpeg does it.
 */

/** A Huffman table as a DHT segment carries it (T.81 B.2.4.2). */
export interface HuffmanSpec {
  /** `counts[i]` codes have length i + 1. */
  readonly counts: Uint8Array;
  /** Symbols in order of their codes. */
  readonly symbols: Uint8Array;
}

/** A table in the forms that are needed for reading and writing. */
export interface HuffmanTable extends HuffmanSpec {
  /** Code of each symbol, right-aligned; meaningless where `lengths` is 0. */
  readonly codes: Uint16Array;
  /** Length in bits of each symbol's code; 0 for a symbol without one. */
  readonly lengths: Uint8Array;
  /** Indexed by the next 16 bits: `length << 8 | symbol`; 0 if they begin no code. */
  readonly lookup: Uint16Array;
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

/** Parses a table; codes are assigned in order of length, then of symbol (T.81 C.2). */
function parseTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const codes = new Uint16Array(256);
  const lengths = new Uint8Array(256);
  const lookup = new Uint16Array(65536);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]; i++) {
      const symbol = symbols[next++];
      codes[symbol] = code;
      lengths[symbol] = length;
      const first = code << (16 - length);
      lookup.fill((length << 8) | symbol, first, first + (1 << (16 - length)));
      code++;
    }
    code <<= 1;
  }
  return { counts, symbols, codes, lengths, lookup };
}

const DC_SYMBOLS = bytes('00 01 02 03 04 05 06 07 08 09 0a 0b');

/** T.81 table K.3: luminance DC differences. */
export const DC_LUMINANCE = parseTable(bytes('00010501010101010100000000000000'), DC_SYMBOLS);

/** T.81 table K.4: chrominance DC differences. */
export const DC_CHROMINANCE = parseTable(bytes('00030101010101010101010000000000'), DC_SYMBOLS);

/** T.81 table K.5: luminance AC; a symbol is `run << 4 | size`. */
export const AC_LUMINANCE = parseTable(
  bytes('0002010303020403050504040000017d'),
  bytes(`01020300041105122131410613516107227114328191a1082342b1c11552d1f0
         24336272 82090a161718191a25262728292a3435363738393a43444546474849
         4a535455565758595a636465666768696a737475767778797a83848586878889
         8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5
         c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8
         f9fa`),
);

/** T.81 table K.6: chrominance AC. */
export const AC_CHROMINANCE = parseTable(
  bytes('00020102040403040705040400010277'),
  bytes(`0001020311040521310612415107617113223281081442 91a1b1c109233352f0
         156272d10a162434e125f11718191a262728292a35363738393a434445464748
         494a535455565758595a636465666768696a737475767778797a828384858687
         88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3
         c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8
         f9fa`),
);

/** Position in the 8x8 block, row by row, of the k-th coefficient (T.81 figure 5). */
const ZIGZAG = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5],
  ...[12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28],
  ...[35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51],
  ...[58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);

/** T.81 table K.1, row by row. */
const LUMINANCE_QUANTIZATION = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
].flat();

/** T.81 table K.2, row by row. */
const CHROMINANCE_QUANTIZATION = [
  [17, 18, 24, 47, 99, 99, 99, 99],
  [18, 21, 26, 66, 99, 99, 99, 99],
  [24, 26, 56, 99, 99, 99, 99, 99],
  [47, 66, 99, 99, 99, 99, 99, 99],
  ...Array.from({ length: 4 }, () => new Array<number>(8).fill(99)),
].flat();

/** Quantization steps of the coefficients, in zigzag order as in a DQT segment. */
export interface QuantizationTables {
  readonly luminance: Uint8Array;
  readonly chrominance: Uint8Array;
}

/**
 * libjpeg's scaling of K.1 and K.2, limited to 8-bit steps (baseline).
 * @param quality 1..100, a whole number
 */
export function quantizationTables(quality: number): QuantizationTables {
  const known = scaledTables.get(quality);
  if (known) return known;
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2;
  const scale = (table: readonly number[]) =>
    Uint8Array.from(ZIGZAG, (position) =>
      Math.min(255, Math.max(1, Math.floor((table[position] * percent + 50) / 100))),
    );
  const tables = {
    luminance: scale(LUMINANCE_QUANTIZATION),
    chrominance: scale(CHROMINANCE_QUANTIZATION),
  };
  scaledTables.set(quality, tables);
  return tables;
}

/** Cached, because they are needed for every image; there are a hundred qualities. */
const scaledTables = new Map<number, QuantizationTables>();

/** The two DQT segments of a quality, as libjpeg writes them (T.81 B.2.4.1). */
export function dqtSegments(quality: number): Uint8Array {
  const { luminance, chrominance } = quantizationTables(quality);
  return Uint8Array.of(
    ...[0xff, 0xdb, 0, 67, 0, ...luminance],
    ...[0xff, 0xdb, 0, 67, 1, ...chrominance],
  );
}

/** The four DHT segments, in libjpeg's order: DC and AC of luminance, then of chrominance. */
export const DHT_SEGMENTS: Uint8Array = Uint8Array.from([
  ...dhtSegment(0x00, DC_LUMINANCE),
  ...dhtSegment(0x10, AC_LUMINANCE),
  ...dhtSegment(0x01, DC_CHROMINANCE),
  ...dhtSegment(0x11, AC_CHROMINANCE),
]);

function dhtSegment(classAndId: number, { counts, symbols }: HuffmanSpec): number[] {
  const length = 2 + 1 + counts.length + symbols.length;
  return [0xff, 0xc4, length >> 8, length & 255, classAndId, ...counts, ...symbols];
}
