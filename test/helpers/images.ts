/** Image files that a test makes, byte by byte where no encoder would write them. */
import { deflateSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import { sharp } from '../../base/sharp.ts';
import type { Raster } from './rasters.ts';

export function openRaster({ pixels, width, height }: Raster): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

export interface PngHeader {
  width: number;
  height: number;
  /** Bits per sample. */
  bits: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha. */
  colourType: number;
}

/**
 * A PNG with any header, true or not.
 * @param scanlines uncompressed, each with its filter byte
 * @param chunks put between the header and the pixels
 */
export function makePng(header: PngHeader, scanlines: Uint8Array, chunks: Buffer[] = []): Buffer {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr[8] = header.bits;
  ihdr[9] = header.colourType;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', ihdr),
    ...chunks,
    pngChunk('IDAT', deflateSync(scanlines)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

/** ISO 3309, as in PNG annex D. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

/** An all-black 1-bit PNG: millions of pixels in a few kilobytes. */
export function blackPng(width: number, height: number): Buffer {
  const scanlines = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  return makePng({ width, height, bits: 1, colourType: 0 }, scanlines);
}

/** A JPEG whose frame header says another size than its data has. */
export function withFrameSize(jpeg: Uint8Array, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  let offset = 2;
  while (changed[offset + 1] !== 0xc0) offset += 2 + changed.readUInt16BE(offset + 2);
  changed.writeUInt16BE(height, offset + 5);
  changed.writeUInt16BE(width, offset + 7);
  return changed;
}

/** Peak signal-to-noise ratio of 8-bit samples in dB; Infinity for equal ones. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} samples against ${b.length}`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return 10 * Math.log10((255 * 255 * a.length) / sum);
}
