/**
 * Reads the members of a tar archive one after the other, and applies extended headers and long
 * names.
 */
import type { ByteString } from '../../plan/byte-strings.ts';
import {
  hasContent,
  isChecksumRight,
  isZeroBlock,
  MAX_FIELD_SIZE,
  parseTarHeader,
  TAR_BLOCK,
  type TarHeader,
  TYPE,
} from './header.ts';
import type { Archive } from './open.ts';
import { lastOf, numberOf, type PaxRecords, parsePax } from './pax.ts';
import { oldSparseMap, paxSparseMap, type SparseMap, storedBytes } from './sparse.ts';

/** Largest extended header or long name in bytes; a larger one means damage. */
const MAX_EXTENSION_BYTES = 1 << 20;
/** Bytes read at once behind the end mark, where a second archive may follow. */
const CHUNK = 1 << 16;

export interface TarMember {
  name: ByteString;
  type: string;
  linkName: ByteString;
  /** Offset of the first of its headers. */
  start: number;
  /** Offset of its content. */
  offset: number;
  /** Size of the file in bytes, including holes. */
  size: number;
  /** Map of its parts, if it is sparse. */
  sparse?: SparseMap;
  /**
   * Whether the size comes from an extended header although it would fit into the header's field.
   */
  isResized: boolean;
}

/**
 * Stops at the end mark, as Python's tarfile does.
 * @param from offset at which a member begins
 * @throws Error that names the problem and its place, after yielding the members before it
 */
export async function* membersOf(archive: Archive, from = 0): AsyncGenerator<TarMember> {
  const { size: archiveSize } = archive;
  if (archiveSize === 0) throw new Error('empty: 0 bytes');
  const forAll: (readonly [string, ByteString])[] = [];
  let before: Before = { start: from, records: [] };
  let position = from;
  while (position + TAR_BLOCK <= archiveSize) {
    const block = await readAt(archive, position, TAR_BLOCK);
    if (isZeroBlock(block)) return checkRest(archive, position, archiveSize);
    const header = parseTarHeader(block, position);
    const offset = position + TAR_BLOCK;
    if (isExtension(header.type)) {
      const content = await readExtension(archive, header, position, archiveSize);
      if (header.type === TYPE.globalPax) forAll.push(...parsePax(content, offset));
      else before = extended(before, header.type, content, offset);
      position = offset + roundUp(header.size);
      continue;
    }
    const records = [...forAll, ...before.records];
    const stored = hasContent(header.type) ? (numberOf(records, 'size') ?? header.size) : 0;
    const member = await memberOf(archive, block, header, { ...before, records }, offset, stored);
    const end = member.offset + (member.sparse ? storedBytes(member.sparse) : stored);
    if (end > archiveSize) throw new Error(`cut off inside ${member.name}`);
    yield member;
    const mapBytes = header.type === TYPE.sparse ? (member.sparse?.mapBytes ?? 0) : 0;
    position = offset + mapBytes + roundUp(stored);
    before = { start: position, records: [] };
  }
  const isCut = position !== archiveSize || before.start !== position;
  throw new Error(isCut ? 'cut off' : 'no end mark: the archive may be cut off');
}

/** Headers that come before a member's header and describe it. */
interface Before {
  start: number;
  records: PaxRecords;
  longName?: ByteString;
  longLink?: ByteString;
}

function isExtension(type: string): boolean {
  const { longName, longLink, pax, solarisPax, globalPax } = TYPE;
  return ([longName, longLink, pax, solarisPax, globalPax] as string[]).includes(type);
}

function extended(before: Before, type: string, content: ByteString, offset: number): Before {
  if (type === TYPE.longName) return { ...before, longName: untilZero(content) };
  if (type === TYPE.longLink) return { ...before, longLink: untilZero(content) };
  return { ...before, records: [...before.records, ...parsePax(content, offset)] };
}

async function readExtension(
  archive: Archive,
  { size }: TarHeader,
  position: number,
  archiveSize: number,
): Promise<ByteString> {
  if (size > MAX_EXTENSION_BYTES) throw new Error(`damaged header at byte ${position}`);
  if (position + TAR_BLOCK + size > archiveSize)
    throw new Error('cut off inside an extended header');
  return (await readAt(archive, position + TAR_BLOCK, size)).toString('latin1');
}

async function memberOf(
  archive: Archive,
  block: Buffer,
  header: TarHeader,
  { start, records, longName, longLink }: Before,
  offset: number,
  stored: number,
): Promise<TarMember> {
  const readMap = (distance: number, length: number) => readAt(archive, offset + distance, length);
  const { type } = header;
  const sparse =
    type === TYPE.sparse
      ? await oldSparseMap(block, readMap)
      : hasContent(type)
        ? await paxSparseMap(records, readMap)
        : undefined;
  const given = lastOf(records, 'GNU.sparse.name') ?? lastOf(records, 'path');
  return {
    name: given ?? longName ?? header.name,
    type,
    linkName: lastOf(records, 'linkpath') ?? longLink ?? header.linkName,
    start,
    offset: offset + (sparse?.mapBytes ?? 0),
    size: sparse?.size ?? stored,
    sparse,
    isResized: stored !== header.size && stored <= MAX_FIELD_SIZE,
  };
}

/**
 * Archives joined by `cat` have an end mark in the middle; the rest does not belong to the first
 * archive.
 */
async function checkRest(archive: Archive, from: number, archiveSize: number): Promise<void> {
  for (let position = from; position + TAR_BLOCK <= archiveSize; position += CHUNK) {
    const length = Math.min(CHUNK, archiveSize - position);
    const chunk = await readAt(archive, position, length);
    for (let at = 0; at + TAR_BLOCK <= length; at += TAR_BLOCK) {
      const block = chunk.subarray(at, at + TAR_BLOCK);
      if (isZeroBlock(block)) continue;
      // Anything else behind the end mark is padding, which readers ignore.
      if (!isChecksumRight(block)) return;
      throw new Error(
        `another archive begins behind its end mark, at byte ${position + at}, and is not read: split them, or join them with tar --concatenate`,
      );
    }
  }
}

export async function readAt(archive: Archive, position: number, length: number): Promise<Buffer> {
  const bytes = await archive.read(position, length);
  if (bytes.length < length) throw new Error(`cut off at byte ${position + bytes.length}`);
  return bytes;
}

function untilZero(content: ByteString): ByteString {
  const end = content.indexOf('\0');
  return end < 0 ? content : content.slice(0, end);
}

function roundUp(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}
