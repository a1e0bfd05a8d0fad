/**
 * Inputs inside a tar archive, as webdataset and img2dataset write them. Only headers are
 * read here; members are read in place later.
 *
 * POSIX.1-1988 ustar headers, the GNU long name (type L) and the pax path and size records
 * (type x) are understood.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { reasonOf } from '../../base/error.ts';
import { type ByteString, bytesOf, extensionOf } from '../plan/byte-strings.ts';
import { type Input, isInputName, type ListingContext, type Member } from './source.ts';

const BLOCK = 512;
/** A long name or a pax header beyond this is damage, not a name. */
const MAX_EXTENSION_BYTES = 1 << 20;
/** Eleven octal digits. */
const MAX_FIELD_SIZE = 8 ** 11 - 1;

interface Header {
  name: ByteString;
  size: number;
  type: string;
}

/** @param path of the archive relative to the base of the source */
export async function* listTar(
  source: number,
  file: ByteString,
  context: ListingContext,
  path: ByteString = '',
): AsyncGenerator<Input> {
  let archive: FileHandle | undefined;
  try {
    archive = await open(bytesOf(file));
    for await (const member of membersOf(archive)) {
      context.signal?.throwIfAborted();
      const extension = extensionOf(member.name);
      if (isInputName(member.name, extension, context)) yield { source, path, member };
      else context.report.ignored(extension);
    }
  } catch (error) {
    if (context.signal?.aborted) throw error;
    context.report.problem(file, reasonOf(error));
  } finally {
    await archive?.close();
  }
}

async function* membersOf(archive: FileHandle) {
  const { size: archiveSize } = await archive.stat();
  let position = 0;
  let longName: ByteString | undefined;
  let longSize: number | undefined;
  while (position + BLOCK <= archiveSize) {
    const block = await read(archive, position, BLOCK);
    if (block.every((byte) => byte === 0)) return;
    const header = parseHeader(block, position);
    const isExtension = header.type === 'L' || header.type === 'x';
    const size = isExtension ? header.size : (longSize ?? header.size);
    const offset = position + BLOCK;
    if (offset + size > archiveSize) throw new Error(`cut off inside ${header.name}`);
    if (isExtension) {
      if (size > MAX_EXTENSION_BYTES) throw new Error(`damaged header at byte ${position}`);
      const content = (await read(archive, offset, size)).toString('latin1');
      if (header.type === 'L') longName = content.replace(/\0.*$/s, '');
      else ({ path: longName = longName, size: longSize = longSize } = parsePax(content));
    } else {
      const name = longName ?? header.name;
      if (header.type === '0' || header.type === '\0') yield { name, offset, size };
      longName = undefined;
      longSize = undefined;
    }
    position = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error('no end mark: the archive may be cut off');
}

/** In front of each member's content. */
export const HEADER_BYTES = BLOCK;

/**
 * Whether a member still lies where it was planned: else the archive was written anew since.
 * @param header the HEADER_BYTES before its content
 */
export function isHeaderOf({ size }: Member, header: Buffer): boolean {
  if (checksumOf(header) !== parseNumber(header, 148, 8)) return false;
  // A pax record gives the size of what is too large for the field of the header.
  const stored = parseNumber(header, 124, 12);
  return stored === size || size > MAX_FIELD_SIZE;
}

async function read(archive: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await archive.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error(`cut off at byte ${position + bytesRead}`);
  return buffer;
}

function parseHeader(block: Buffer, position: number): Header {
  if (checksumOf(block) !== parseNumber(block, 148, 8)) {
    throw new Error(`no tar header at byte ${position}: not a tar archive, or damaged`);
  }
  const name = textField(block, 0, 100);
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const prefix = isUstar && block[262] === 0 ? textField(block, 345, 155) : '';
  return {
    name: prefix ? `${prefix}/${name}` : name,
    size: parseNumber(block, 124, 12),
    type: String.fromCharCode(block[156]),
  };
}

/** The sum of all bytes, the checksum's own field taken as spaces. */
function checksumOf(block: Buffer): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

function textField(block: Buffer, start: number, length: number): ByteString {
  return block.toString('latin1', start, start + length).replace(/\0.*$/s, '');
}

/** Octal digits, or (GNU) a big-endian binary number marked by the top bit. */
function parseNumber(block: Buffer, start: number, length: number): number {
  if (block[start] & 0x80) return Number(block.readBigUInt64BE(start + length - 8));
  return Number.parseInt(textField(block, start, length).trim() || '0', 8);
}

/** Records of the form `27 path=some/name.jpg\n`, the length counting all of itself. */
function parsePax(content: string): { path?: ByteString; size?: number } {
  const found: { path?: ByteString; size?: number } = {};
  let at = 0;
  while (at < content.length) {
    const record = /^(\d+) ([^=]*)=/.exec(content.slice(at, at + 300));
    const length = Number(record?.[1]);
    if (!record || length < record[0].length) break;
    const value = content.slice(at + record[0].length, at + length - 1);
    if (record[2] === 'path') found.path = value;
    if (record[2] === 'size') found.size = Number(value);
    at += length;
  }
  return found;
}
