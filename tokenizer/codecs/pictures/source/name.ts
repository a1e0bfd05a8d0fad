/** Names the format of a file by its first bytes, for messages about files that are not read. */
import { gunzipSync, constants as zlib } from 'node:zlib';

interface Signature {
  /** Name with its article, to be used after "is". */
  readonly name: string;
  readonly at?: number;
  /** Characters stand for bytes (latin1). */
  readonly starts: readonly string[];
}

/**
 * Picture formats that the libvips inside sharp cannot read, then other content that is found under
 * their file names.
 */
const SIGNATURES: readonly Signature[] = [
  { name: 'a BMP picture', starts: ['BM'] },
  { name: 'a JPEG 2000 picture', starts: ['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'] },
  { name: 'a JPEG XL picture', starts: ['\xff\x0a', '\0\0\0\x0cJXL '] },
  { name: 'a JPEG XR picture', starts: ['II\xbc\x01', 'II\xbc\0'] },
  { name: 'a Photoshop document (PSD)', starts: ['8BPS'] },
  { name: 'an OpenEXR picture', starts: ['v/1\x01'] },
  { name: 'a Radiance HDR picture', starts: ['#?RADIANCE', '#?RGBE'] },
  { name: 'a DirectDraw texture (DDS)', starts: ['DDS '] },
  { name: 'a QOI picture', starts: ['qoif'] },
  { name: 'a Mac icon (ICNS)', starts: ['icns'] },
  { name: 'an SGI picture', starts: ['\x01\xda\0', '\x01\xda\x01'] },
  { name: 'a Sun raster', starts: ['\x59\xa6\x6a\x95'] },
  { name: 'a BPG picture', starts: ['BPG\xfb'] },
  { name: 'a FLIF picture', starts: ['FLIF'] },
  { name: 'a FITS picture', starts: ['SIMPLE  ='] },
  { name: 'a GIMP picture (XCF)', starts: ['gimp xcf'] },
  { name: 'a DICOM picture', at: 128, starts: ['DICM'] },
  { name: 'an XPM picture', starts: ['/* XPM */'] },
  { name: 'an XBM picture', starts: ['#define '] },
  { name: 'a PCX picture', starts: ['\x0a\x05\x01', '\x0a\x03\x01', '\x0a\x02\x01', '\x0a\0\x01'] },
  { name: 'an Encapsulated PostScript file', starts: ['%!PS', '\xc5\xd0\xd3\xc6'] },
  { name: 'a Windows metafile', starts: ['\xd7\xcd\xc6\x9a'] },
  { name: 'a PDF', starts: ['%PDF'] },
  { name: 'a Fujifilm raw photograph', starts: ['FUJIFILMCCD-RAW'] },
  { name: 'a ZIP archive', starts: ['PK\x03\x04', 'PK\x05\x06'] },
  { name: 'a 7z archive', starts: ['7z\xbc\xaf\x27\x1c'] },
  { name: 'a RAR archive', starts: ['Rar!\x1a\x07'] },
  { name: 'a bzip2-compressed file', starts: ['BZh'] },
  { name: 'an xz-compressed file', starts: ['\xfd7zXZ\0'] },
  { name: 'a Zstandard-compressed file', starts: ['\x28\xb5\x2f\xfd'] },
  { name: 'a tar archive', at: 257, starts: ['ustar'] },
  { name: 'a Parquet file', starts: ['PAR1'] },
  { name: 'an HDF5 file', starts: ['\x89HDF\r\n'] },
  { name: 'an AVI video', at: 8, starts: ['AVI '] },
  { name: 'a WAV sound', at: 8, starts: ['WAVE'] },
  { name: 'a Matroska video (MKV, WebM)', starts: ['\x1a\x45\xdf\xa3'] },
  { name: 'an MPEG video', starts: ['\0\0\x01\xba', '\0\0\x01\xb3'] },
  { name: 'an Ogg file', starts: ['OggS'] },
  { name: 'a Flash video', starts: ['FLV\x01'] },
  { name: 'a pointer of Git LFS in place of its file', starts: ['version https://git-lfs'] },
];

/**
 * Brands of ISO base media files (ISO/IEC 14496-12) that hold pictures; other brands hold videos.
 */
const STILL_BRANDS = /^(avif|avis|heic|heix|hevc|hevx|heim|heis|mif1|mif2|msf1|miaf|jpeg|vvic)$/;

const HEAD = 4096;

/**
 * @param source the file's content
 * @returns the format with its article ("a BMP picture"); undefined when the first bytes do not
 * show it
 */
export function formatName(source: Uint8Array): string | undefined {
  const head = Buffer.from(source.subarray(0, HEAD)).toString('latin1');
  if (head.startsWith('\x1f\x8b')) return gzipName(source);
  const known = SIGNATURES.find(({ at = 0, starts }) =>
    starts.some((start) => head.startsWith(start, at)),
  );
  const name = known?.name ?? iconName(head) ?? netpbmName(head) ?? boxName(source);
  return name ?? targaName(head) ?? markupName(source);
}

/**
 * Recognizes icons and cursors by the count of pictures in the header; a Targa picture may begin
 * with the same bytes.
 */
function iconName(head: string): string | undefined {
  const isIcon = head.startsWith('\0\0\x01\0') || head.startsWith('\0\0\x02\0');
  const count = head.charCodeAt(4) + 256 * head.charCodeAt(5);
  // Byte 4 of an entry is always 0.
  return isIcon && count > 0 && head[9] === '\0' ? 'a Windows icon (ICO, CUR)' : undefined;
}

/** Targa has no signature: recognized by valid colour map, picture type and depth. */
function targaName(head: string): string | undefined {
  const [map, kind, depth] = [1, 2, 16].map((at) => head.charCodeAt(at));
  const isTarga = map <= 1 && TARGA_KINDS.has(kind) && TARGA_DEPTHS.has(depth);
  return isTarga ? 'a Targa picture (TGA), it seems' : undefined;
}

/** Palette, RGB, grey; from 9 on the same with run-length encoding. */
const TARGA_KINDS = new Set([1, 2, 3, 9, 10, 11]);
const TARGA_DEPTHS = new Set([8, 15, 16, 24, 32]);

/** Recognizes the Netpbm formats: `P1` to `P7`, or `PF`, before white space. */
function netpbmName(head: string): string | undefined {
  if (/^P[1-6]\s+[\d#]/.test(head)) return 'a Netpbm picture (PBM, PGM, PPM)';
  if (/^P7\s/.test(head)) return 'a Netpbm picture (PAM)';
  return /^P[Ff]\s/.test(head) ? 'a floating-point picture (PFM)' : undefined;
}

/**
 * The brands of a file in the ISO base media format, the major brand first; empty for other files.
 */
export function brandsOf(source: Uint8Array): string[] {
  const box = Buffer.from(source.subarray(0, 256)).toString('latin1');
  if (box.slice(4, 8) !== 'ftyp') return [];
  const end = Math.min(box.length, source[3] | (source[2] << 8));
  const brands = [box.slice(8, 12)];
  // The four bytes after the major brand are its version.
  for (let at = 16; at + 4 <= end; at += 4) brands.push(box.slice(at, at + 4));
  return brands;
}

function boxName(source: Uint8Array): string | undefined {
  const [brand] = brandsOf(source);
  if (brand === undefined) return undefined;
  if (brand === 'crx ') return 'a Canon raw photograph (CR3)';
  if (STILL_BRANDS.test(brand)) return `a HEIF picture of brand ${brand.trim()}`;
  return 'a video (MP4, MOV)';
}

function gzipName(source: Uint8Array): string {
  const inside = gunzipHead(source);
  if (inside === undefined) return 'a gzip-compressed file';
  if (markupName(inside) === SVG) return `${SVG}, compressed`;
  if (Buffer.from(inside.subarray(257, 262)).toString('latin1') === 'ustar')
    return 'a compressed archive (tar.gz)';
  return 'a gzip-compressed file';
}

/** The first kilobytes of the content; undefined if even those are damaged. */
function gunzipHead(source: Uint8Array): Buffer | undefined {
  try {
    // The input is a piece and ends early: use whatever came out of it.
    return gunzipSync(source.subarray(0, HEAD), {
      finishFlush: zlib.Z_SYNC_FLUSH,
      maxOutputLength: HEAD * 1100,
    }).subarray(0, HEAD);
  } catch {
    return undefined;
  }
}

const SVG = 'a drawing (SVG)';
const HTML = 'an HTML page';

/**
 * Text of the first bytes. Every second byte of UTF-16 is zero; without these bytes the tags are
 * found too.
 */
function textOf(source: Uint8Array): string {
  return Buffer.from(source.subarray(0, HEAD).filter((byte) => byte !== 0))
    .toString('latin1')
    .replace(/^(ï»¿|ÿþ|þÿ)/, '');
}

/** Names a text with tags by its doctype, its first element, or the tags that follow. */
function markupName(source: Uint8Array): string | undefined {
  const text = textOf(source).trimStart();
  if (!text.startsWith('<')) return undefined;
  const doctype = /<!doctype\s+(\w+)/i.exec(text)?.[1]?.toLowerCase();
  if (doctype === 'html') return HTML;
  const first = /<(?:[\w-]+:)?([a-z][\w-]*)/i.exec(withoutProlog(text))?.[1]?.toLowerCase();
  if (first === 'svg') return SVG;
  if (first !== undefined && HTML_TAGS.has(first)) return HTML;
  if (/^<\?xml/i.test(text) || first !== undefined) return 'an XML document';
  return undefined;
}

/** Elements with which a page, or a fragment that a server sends as an error, may begin. */
const HTML_TAGS = new Set(
  'html head body title meta link script style div span p h1 h2 center table a img br hr main form iframe noscript section article header nav ul pre'.split(
    ' ',
  ),
);

/** The text without declarations, processing instructions and comments. */
function withoutProlog(text: string): string {
  return text.replace(/<\?.*?\?>|<!--.*?-->|<![a-z][^[>]*(\[[^\]]*\])?[^>]*>/gis, '');
}

/**
 * Whether libvips may take the bytes for SVG, plain or gzipped: it looks for the tag near the
 * beginning, whatever comes before. Call this before anything is parsed.
 */
export function looksLikeSvg(source: Uint8Array): boolean {
  // libvips checks the signatures of JPEG and PNG before it looks for tags.
  if ((source[0] === 0xff && source[1] === 0xd8) || (source[0] === 0x89 && source[1] === 0x50)) {
    return false;
  }
  if (source[0] === 0x1f && source[1] === 0x8b) return true;
  return /<([\w-]+:)?svg/i.test(textOf(source));
}
