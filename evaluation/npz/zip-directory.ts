/** The directory at the end of a zip archive (PKWARE's APPNOTE 6.3, sections 4.3.12 to 4.3.16). */
import { CodecLmError } from '../../base/error.ts';

export interface ZipMember {
  readonly name: string;
  /** Where its local header begins. */
  readonly at: number;
  /** Bytes in the file, and once they are inflated. */
  readonly stored: number;
  readonly size: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
}

type Read = (at: number, length: number) => Promise<Buffer>;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const HEADER = 0x02014b50;
const END_SIZE = 22;
const HEADER_SIZE = 46;
/** A comment at the end is shorter than this. */
const MAX_COMMENT = 65_535;
/** An .npz file has a member for each array: tens, not thousands. */
const MAX_MEMBERS = 1000;
/** A name, fields and a comment of 64 KiB each would be none of NumPy's. */
const MAX_DIRECTORY = 2 ** 20;
const UNSIGNED_32 = 2 ** 32 - 1;

/** @throws CodecLmError `STATISTICS_INVALID` */
export async function directoryOf(
  read: Read,
  fileSize: number,
  path: string,
): Promise<ReadonlyMap<string, ZipMember>> {
  const { count, bytes, at } = await findDirectory(read, fileSize, path);
  if (count > MAX_MEMBERS || bytes > MAX_DIRECTORY || at + bytes > fileSize) {
    throw invalidZip(path, `its directory claims ${count} members in ${bytes} bytes`);
  }
  const directory = await read(at, bytes);
  const members = new Map<string, ZipMember>();
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (offset + HEADER_SIZE > bytes || directory.readUInt32LE(offset) !== HEADER) {
      throw invalidZip(path, `its directory ends after ${i} of ${count} members`);
    }
    const lengths = [28, 30, 32].map((field) => directory.readUInt16LE(offset + field));
    const end = offset + HEADER_SIZE + lengths[0] + lengths[1] + lengths[2];
    if (end > bytes) throw invalidZip(path, `its directory ends within member ${i}`);
    const member = memberAt(directory, offset, lengths[0], lengths[1], path);
    if (members.has(member.name)) throw invalidZip(path, `${member.name} is in it twice`);
    members.set(member.name, member);
    offset = end;
  }
  return members;
}

async function findDirectory(read: Read, fileSize: number, path: string) {
  const tailSize = Math.min(fileSize, END_SIZE + MAX_COMMENT);
  const tail = await read(fileSize - tailSize, tailSize);
  let end = tailSize - END_SIZE;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) throw invalidZip(path, 'no zip archive: it has no directory');
  const [count, bytes, at] = [
    tail.readUInt16LE(end + 10),
    tail.readUInt32LE(end + 12),
    tail.readUInt32LE(end + 16),
  ];
  const isLarge = count === 0xffff || bytes === UNSIGNED_32 || at === UNSIGNED_32;
  if (!isLarge || end < 20 || tail.readUInt32LE(end - 20) !== LOCATOR_64)
    return { count, bytes, at };
  const large = await read(numberAt(tail, end - 12, path), 56);
  if (large.readUInt32LE(0) !== END_64) throw invalidZip(path, 'its ZIP64 directory is not there');
  return {
    count: numberAt(large, 32, path),
    bytes: numberAt(large, 40, path),
    at: numberAt(large, 48, path),
  };
}

function memberAt(
  directory: Buffer,
  offset: number,
  nameLength: number,
  extraLength: number,
  path: string,
): ZipMember {
  const nameAt = offset + HEADER_SIZE;
  const name = directory.toString('utf8', nameAt, nameAt + nameLength);
  const extra = directory.subarray(nameAt + nameLength, nameAt + nameLength + extraLength);
  // Each of these may be in the extra field, in this order, where 32 bits are too few for it.
  const [size, stored, at] = withLarge(
    [24, 20, 42].map((field) => directory.readUInt32LE(offset + field)),
    extra,
    path,
  );
  const method = directory.readUInt16LE(offset + 10);
  const isEncrypted = (directory.readUInt16LE(offset + 8) & 1) === 1;
  if (isEncrypted) throw invalidZip(path, `${name} is encrypted`);
  return { name, at, stored, size, method, crc: directory.readUInt32LE(offset + 16) };
}

/** Replaces values of 32 ones by those of the ZIP64 extra field. */
function withLarge(values: number[], extra: Buffer, path: string): number[] {
  if (!values.includes(UNSIGNED_32)) return values;
  for (let offset = 0; offset + 4 <= extra.length; ) {
    const end = offset + 4 + extra.readUInt16LE(offset + 2);
    if (extra.readUInt16LE(offset) === 1 && end <= extra.length) {
      let at = offset + 4;
      return values.map((value) => {
        if (value !== UNSIGNED_32) return value;
        if (at + 8 > end) throw invalidZip(path, 'a ZIP64 field is too short');
        at += 8;
        return numberAt(extra, at - 8, path);
      });
    }
    offset = end;
  }
  return values;
}

function numberAt(bytes: Buffer, at: number, path: string): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidZip(path, `it claims ${value} bytes`);
  return Number(value);
}

export function invalidZip(path: string, message: string): CodecLmError {
  return new CodecLmError('STATISTICS_INVALID', `${path}: ${message}`, {
    path,
    hint: 'the file is damaged or no .npz file; make it again, or download it again',
  });
}
