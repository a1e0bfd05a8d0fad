/** Checks a TIFF before libvips reads it: libvips misinterprets some colours. */

/** Tags of TIFF 6.0. */
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
/** Values of these tags. */
const YCBCR = 6;
const JPEG = new Set([6, 7]);

/** A directory with more entries does not describe a picture. */
const MAX_ENTRIES = 4096;

/**
 * @returns the reason why the colours of the first picture would be wrong; undefined if they are
 * right or the file is not a TIFF
 */
export function wrongColours(source: Uint8Array): string | undefined {
  const tags = firstDirectory(source);
  if (tags?.get(PHOTOMETRIC) !== YCBCR || JPEG.has(tags.get(COMPRESSION) ?? 1)) return undefined;
  return 'has YCbCr colours that are not coded as JPEG, which libvips takes for RGB';
}

/** The tags of the first directory that hold one whole number. */
function firstDirectory(source: Uint8Array): Map<number, number> | undefined {
  const isLittle = source[0] === 0x49 && source[1] === 0x49;
  if (!isLittle && !(source[0] === 0x4d && source[1] === 0x4d)) return undefined;
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const short = (at: number) => (at + 2 <= source.length ? view.getUint16(at, isLittle) : 0);
  const long = (at: number) => (at + 4 <= source.length ? view.getUint32(at, isLittle) : 0);
  // BigTIFF has offsets of 8 bytes; the lower 4 bytes suffice for the files that are read here.
  const huge = (at: number) => (isLittle ? long(at) : long(at + 4));
  const version = short(2);
  if (version !== 42 && version !== 43) return undefined;
  const isBig = version === 43;
  const start = isBig ? huge(8) : long(4);
  const count = Math.min(MAX_ENTRIES, isBig ? huge(start) : short(start));
  const tags = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const entry = start + (isBig ? 8 + i * 20 : 2 + i * 12);
    const value = entry + (isBig ? 12 : 8);
    const type = short(entry + 2);
    if (type === 3) tags.set(short(entry), short(value));
    else if (type === 4) tags.set(short(entry), long(value));
  }
  return tags;
}
