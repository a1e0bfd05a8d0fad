/**
 * Reads Windows and OS/2 bitmaps, which libvips does not: 1 to 8 bits with a palette, 16, 24 and 32
 * bits, bit fields, runs of 4 and 8 bits. The npm packages that were tried get palettes or runs
 * wrong (docs/jpeg.md). Layout: BITMAPFILEHEADER and BITMAPINFOHEADER to BITMAPV5HEADER, as
 * Microsoft documents them; colours are those that Pillow gives.
 */
import { CodecLmError } from '../../../../base/error.ts';
import { expandRuns } from './bmp-runs.ts';

export interface RawPicture {
  /** Pixels from the top row on: [height, width, channels]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 4 if there is an alpha channel. */
  readonly channels: 3 | 4;
}

interface Header {
  width: number;
  height: number;
  isTopDown: boolean;
  bits: number;
  compression: number;
  /** Bytes of the palette's colours; empty for more than 8 bits per pixel. */
  palette: Uint8Array;
  /** Bytes per palette entry. */
  step: number;
  /** Bit masks of red, green, blue and alpha in a pixel of 16 or 32 bits. */
  masks: readonly number[];
  /** Offset of the pixels. */
  start: number;
}

const FILE_HEADER = 14;
const OS2_HEADER = 12;
const HEADERS = new Set([OS2_HEADER, 40, 52, 56, 64, 108, 124]);

/** Values of the compression field. */
const PLAIN = 0;
const RUNS_8 = 1;
const RUNS_4 = 2;
const FIELDS = 3;
const ALPHA_FIELDS = 6;

const MASKS_555 = [0x7c00, 0x03e0, 0x001f, 0];
const MASKS_888 = [0xff0000, 0x00ff00, 0x0000ff, 0];

export function isBmp(source: Uint8Array): boolean {
  return source[0] === 0x42 && source[1] === 0x4d && HEADERS.has(source[FILE_HEADER]);
}

/**
 * @param maxPixels limit that is checked before memory is allocated
 * @throws CodecLmError `IMAGE_UNSUPPORTED`, `IMAGE_TOO_LARGE`, `IMAGE_CORRUPT`
 */
export function readBmp(source: Uint8Array, label: string, maxPixels: number): RawPicture {
  const header = readHeader(source, label);
  const { width, height, bits, compression } = header;
  if (width < 1 || height < 1) throw corrupt(label, `a bitmap of ${width}x${height} pixels`);
  if (width * height > maxPixels) {
    throw new CodecLmError('IMAGE_TOO_LARGE', `${label} is too large: ${width}x${height} pixels`, {
      path: label,
      hint: 'raise `maxPixels` if the file is to be trusted',
    });
  }
  let body = source.subarray(header.start);
  if (compression === RUNS_8 || compression === RUNS_4) {
    const indices = expandRuns(body, width, height, compression === RUNS_4);
    if (indices === undefined) throw corrupt(label, 'its runs end too early');
    body = indices;
    header.bits = 8;
  }
  const isRuns = body.buffer !== source.buffer;
  const stride = isRuns ? width : Math.ceil((width * bits) / 32) * 4;
  const needed = stride * (height - 1) + Math.ceil((width * header.bits) / 8);
  if (body.length < needed) throw corrupt(label, `${body.length} of ${needed} bytes of its pixels`);
  return bits <= 8 ? paletted(body, stride, header) : direct(body, stride, header);
}

function readHeader(source: Uint8Array, label: string): Header {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const size = source[FILE_HEADER];
  if (source.length < FILE_HEADER + size) throw corrupt(label, 'it ends inside its header');
  const isOs2 = size === OS2_HEADER;
  const [depthAt, step] = isOs2 ? [24, 3] : [28, 4];
  const rawHeight = isOs2 ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(depthAt, true);
  const compression = isOs2 ? PLAIN : view.getUint32(30, true);
  const isPlain = compression === PLAIN && [1, 2, 4, 8, 16, 24, 32].includes(bits);
  const isRuns = (compression === RUNS_8 && bits === 8) || (compression === RUNS_4 && bits === 4);
  const hasFields = compression === FIELDS || compression === ALPHA_FIELDS;
  if (!isPlain && !isRuns && !(hasFields && (bits === 16 || bits === 32))) {
    const what = `${label} is a BMP picture of ${bits} bits with compression ${compression}, which is not supported`;
    throw new CodecLmError('IMAGE_UNSUPPORTED', what, { path: label });
  }
  let tables = FILE_HEADER + size;
  let masks = bits === 16 ? MASKS_555 : MASKS_888;
  if (hasFields) {
    // A 40-byte header has its masks behind it, a longer one has them inside.
    const count = size >= 56 || compression === ALPHA_FIELDS ? 4 : 3;
    if (source.length < 54 + count * 4) throw corrupt(label, 'it ends inside its header');
    const fields = Array.from({ length: count }, (_, i) => view.getUint32(54 + i * 4, true));
    masks = [...fields, 0].slice(0, 4);
    if (size === 40) tables += count * 4;
  }
  const said = view.getUint32(10, true);
  const colours = isOs2 ? 0 : view.getUint32(46, true);
  const wanted = (colours > 0 && colours < 256 ? colours : 2 ** Math.min(bits, 8)) * step;
  // An old OS/2 file may have fewer colours than its depth allows: the pixels begin right after
  // them.
  const end = isOs2 && said > tables ? Math.min(tables + wanted, said) : tables + wanted;
  // Some writers put the offset of the palette into the field for the offset of the pixels.
  const start = bits <= 8 ? Math.max(said, end) : said;
  const palette = bits <= 8 ? source.subarray(tables, end) : new Uint8Array(0);
  const width = isOs2 ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = Math.abs(rawHeight);
  const isTopDown = rawHeight < 0;
  return { width, height, isTopDown, bits, compression, palette, step, masks, start };
}

/** Offset of a row; rows are numbered from the top as seen. */
function rowStart(row: number, stride: number, { isTopDown, height }: Header): number {
  return (isTopDown ? row : height - 1 - row) * stride;
}

function paletted(body: Uint8Array, stride: number, header: Header): RawPicture {
  const { width, height, bits, palette, step } = header;
  const data = new Uint8Array(width * height * 3);
  const perByte = 8 / bits;
  const last = 2 ** bits - 1;
  let at = 0;
  for (let y = 0; y < height; y++) {
    const start = rowStart(y, stride, header);
    for (let x = 0; x < width; x++) {
      // The first pixel is in the highest bits.
      const shift = 8 - bits * ((x % perByte) + 1);
      const entry = ((body[start + Math.trunc(x / perByte)] >> shift) & last) * step;
      // Blue comes first; an index without a colour is black.
      data[at++] = palette[entry + 2] ?? 0;
      data[at++] = palette[entry + 1] ?? 0;
      data[at++] = palette[entry] ?? 0;
    }
  }
  return { data, width, height, channels: 3 };
}

/** Extracts a sample with each mask, scaled to 0..255. */
function direct(body: Uint8Array, stride: number, header: Header): RawPicture {
  const { width, height, bits, masks } = header;
  const channels = masks[3] === 0 ? 3 : 4;
  const fields = masks.slice(0, channels).map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift || 1 };
  });
  const data = new Uint8Array(width * height * channels);
  const bytes = bits / 8;
  let at = 0;
  for (let y = 0; y < height; y++) {
    let from = rowStart(y, stride, header);
    for (let x = 0; x < width; x++, from += bytes) {
      let pixel = body[from] | (body[from + 1] << 8);
      if (bytes > 2) pixel |= body[from + 2] << 16;
      if (bytes > 3) pixel |= body[from + 3] << 24;
      for (const { mask, shift, most } of fields) {
        const value = (pixel & mask) >>> shift;
        data[at++] = most === 255 ? value : Math.trunc((value * 255) / most);
      }
    }
  }
  return { data, width, height, channels };
}

function corrupt(label: string, found: string): CodecLmError {
  return new CodecLmError('IMAGE_CORRUPT', `${label} is damaged: ${found}`, { path: label });
}
