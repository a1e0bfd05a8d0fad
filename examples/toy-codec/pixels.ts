/** Between symbols and pixels, and the BMP file that every viewer opens. */
import type { Symbols } from 'codec-lm/tokenizer';

/** Converts a colour of 8 bits per channel to its symbol: the highest bits of red, green and blue. */
export function symbolOf(red: number, green: number, blue: number, bits: number): number {
  const shift = 8 - bits;
  return ((red >> shift) << (2 * bits)) | ((green >> shift) << bits) | (blue >> shift);
}

/** @returns RGB, 8 bits per channel: [symbols.length, 3] */
export function pixelsOf(symbols: Symbols, bits: number): Uint8Array {
  const most = 2 ** bits - 1;
  const pixels = new Uint8Array(3 * symbols.length);
  for (const [i, symbol] of symbols.entries()) {
    for (let channel = 0; channel < 3; channel++) {
      const value = (symbol >> ((2 - channel) * bits)) & most;
      pixels[3 * i + channel] = Math.round((value / most) * 255);
    }
  }
  return pixels;
}

/** A BMP file of 24 bits per pixel (BITMAPINFOHEADER): rows from the bottom, each a multiple of 4 bytes. */
export function bmpOf(pixels: Uint8Array, side: number): Uint8Array {
  const header = 54;
  const rowBytes = Math.ceil((3 * side) / 4) * 4;
  const file = Buffer.alloc(header + rowBytes * side);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(header, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(side, 18);
  file.writeInt32LE(side, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let i = 0; i < side * side; i++) {
    const at = header + (side - 1 - Math.floor(i / side)) * rowBytes + 3 * (i % side);
    // Blue comes first.
    for (let channel = 0; channel < 3; channel++) file[at + channel] = pixels[3 * i + 2 - channel];
  }
  return file;
}
