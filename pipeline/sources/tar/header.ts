/**
 * Parses one header block of a tar archive: ustar (POSIX.1-1988), v7, GNU and star. Where they
 * leave a choice, it follows Python's tarfile.
 */
import type { ByteString } from '../../plan/byte-strings.ts';

export const TAR_BLOCK = 512;

/** `typeflag` (POSIX.1-2017, pax, "ustar Header Block"), including types of GNU and Solaris. */
export const TYPE = {
  file: '0',
  oldFile: '\0',
  hardLink: '1',
  symbolicLink: '2',
  characterDevice: '3',
  blockDevice: '4',
  folder: '5',
  pipe: '6',
  contiguous: '7',
  longName: 'L',
  longLink: 'K',
  sparse: 'S',
  pax: 'x',
  solarisPax: 'X',
  globalPax: 'g',
  /** GNU: a folder of an incremental backup; its content is a list of names. */
  dumpFolder: 'D',
  /** GNU: the rest of a file that began in the previous volume. */
  continued: 'M',
  label: 'V',
} as const;

/**
 * Types without content, whatever their size field says: it may be the size of a link's target.
 */
const WITHOUT_CONTENT = new Set<string>([
  TYPE.hardLink,
  TYPE.symbolicLink,
  TYPE.characterDevice,
  TYPE.blockDevice,
  TYPE.folder,
  TYPE.pipe,
]);

export interface TarHeader {
  name: ByteString;
  /** Size in the archive, in bytes. */
  size: number;
  type: string;
  linkName: ByteString;
}

export function hasContent(type: string): boolean {
  return !WITHOUT_CONTENT.has(type);
}

/**
 * @param position of the block in the archive, for messages
 * @throws Error when the block is not a header
 */
export function parseTarHeader(block: Buffer, position: number): TarHeader {
  const size = numberField(block, 124, 12);
  if (!isChecksumRight(block) || size === undefined) {
    throw new Error(`no tar header at byte ${position}: not a tar archive, or damaged`);
  }
  const short = textField(block, 0, 100);
  const prefix = prefixOf(block);
  const name = prefix ? `${prefix}/${short}` : short;
  const type = String.fromCharCode(block[156]);
  // v7 has no type for folders.
  const isOldFolder = type === TYPE.oldFile && short.endsWith('/');
  return {
    name,
    size,
    type: isOldFolder ? TYPE.folder : type,
    linkName: textField(block, 157, 100),
  };
}

/** GNU headers have times where ustar and star have the beginning of a long name. */
function prefixOf(block: Buffer): ByteString {
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const isStar = block.toString('latin1', 508, 511) === 'tar';
  return isUstar || isStar ? textField(block, 345, isStar ? 131 : 155) : '';
}

/**
 * Checks the sum of all bytes, with the checksum field taken as spaces; some old programs summed
 * signed bytes.
 */
export function isChecksumRight(block: Buffer): boolean {
  const stored = numberField(block, 148, 8);
  let unsigned = 0;
  let signed = 0;
  block.forEach((byte, i) => {
    const counted = i >= 148 && i < 156 ? 32 : byte;
    unsigned += counted;
    signed += counted > 127 ? counted - 256 : counted;
  });
  return stored === unsigned || stored === signed;
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function textField(block: Buffer, start: number, length: number): ByteString {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/**
 * Reads octal digits, or (GNU) a big-endian binary number marked by the top bit.
 * @returns undefined when it is neither, or negative, or too large for a file
 */
export function numberField(block: Buffer, start: number, length: number): number | undefined {
  if (block[start] === 0x80) {
    const bytes = block.subarray(start + 1, start + length);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = textField(block, start, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : undefined;
}

/** Largest size in eleven octal digits; a pax record gives larger sizes. */
export const MAX_FIELD_SIZE = 8 ** 11 - 1;

/**
 * Whether a member of this size is still at its planned place; if not, the archive was written
 * again.
 * @param header the block before its content
 */
export function isHeaderOf(size: number, header: Buffer): boolean {
  if (!isChecksumRight(header)) return false;
  return numberField(header, 124, 12) === size || size > MAX_FIELD_SIZE;
}
