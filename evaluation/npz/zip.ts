/**
 * Zip archives as NumPy reads and writes them: members are stored or deflated, sizes may be those
 * of ZIP64. A file may come from anywhere, so every length is checked before it is used.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { writeAtomically } from '../../base/atomic-file.ts';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { directoryOf, invalidZip, type ZipMember } from './zip-directory.ts';

/** 8 GiB: features of two million pictures. */
const MAX_MEMBER = 2 ** 33;
/** Deflate cannot do better than 1032 : 1 (RFC 1951, runs of one byte). */
const MAX_RATIO = 1032;

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
/** 1 January 1980, the first date of the format: the same content gives the same bytes. */
const FIRST_DATE = 0x0021;
const VERSION = 20;
const UNSIGNED_32 = 2 ** 32 - 1;

/** An open archive; its members are read when they are asked for. */
export class ZipFile {
  readonly members: ReadonlyMap<string, ZipMember>;
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string, members: ReadonlyMap<string, ZipMember>) {
    this.#file = file;
    this.#path = path;
    this.members = members;
  }

  /** @throws CodecLmError `INPUT_NOT_FOUND` …, `STATISTICS_INVALID` for what is no zip archive */
  static async open(path: string): Promise<ZipFile> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'r');
      const { size } = await file.stat();
      const handle = file;
      const read = (at: number, length: number) => readAt(handle, at, length, path);
      return new ZipFile(file, path, await directoryOf(read, size, path));
    } catch (error) {
      await file?.close();
      throw readError(error, path);
    }
  }

  /** @throws CodecLmError `STATISTICS_INVALID` for a member that is damaged */
  async read({ name, at, stored, size, method, crc }: ZipMember): Promise<Buffer> {
    const isDeflated = method === 8;
    if (!isDeflated && method !== 0) {
      throw invalidZip(this.#path, `${name} is compressed in a way that is not read (${method})`);
    }
    const isPlausible = isDeflated ? size <= stored * MAX_RATIO + 64 : size === stored;
    if (size > MAX_MEMBER || !isPlausible) {
      throw invalidZip(this.#path, `${name} claims ${size} bytes, of which ${stored} are stored`);
    }
    const header = await readAt(this.#file, at, 30, this.#path);
    if (header.readUInt32LE(0) !== LOCAL_HEADER) {
      throw invalidZip(this.#path, `${name} does not begin where the directory says`);
    }
    const start = at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const bytes = await readAt(this.#file, start, stored, this.#path);
    const content = isDeflated ? inflate(bytes, size, name, this.#path) : bytes;
    if (content.length !== size || crc32(content) !== crc) {
      throw invalidZip(this.#path, `${name} is damaged: its checksum is another`);
    }
    return content;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/**
 * Writes an archive of stored members. It appears whole or not at all.
 * @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function writeZip(
  path: string,
  members: readonly { name: string; parts: readonly Uint8Array[] }[],
): Promise<void> {
  await writeAtomically(
    path,
    async (file) => {
      const directory: Buffer[] = [];
      for (const { name, parts } of members) {
        const at = file.bytes;
        const size = parts.reduce((sum, part) => sum + part.length, 0);
        if (at + size > UNSIGNED_32) {
          throw new CodecLmError('INTERNAL', `${path}: more than 4 GiB in one archive`, { path });
        }
        const crc = parts.reduce((before, part) => crc32(part, before), 0);
        const fields = fieldsOf(name, size, crc);
        await file.write(Buffer.concat([word(LOCAL_HEADER), fields, Buffer.from(name)]), ...parts);
        directory.push(centralHeader(name, fields, at));
      }
      const bytes = directory.reduce((sum, { length }) => sum + length, 0);
      await file.write(...directory, endOf(members.length, bytes, file.bytes));
    },
    { hashed: false },
  );
}

/** What both headers of a member have in common: version to extractor's extra length. */
function fieldsOf(name: string, size: number, crc: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(FIRST_DATE, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(size, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
}

function centralHeader(name: string, fields: Buffer, at: number): Buffer {
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(at, 10);
  const version = Buffer.alloc(2);
  version.writeUInt16LE(VERSION);
  return Buffer.concat([word(CENTRAL_HEADER), version, fields, rest, Buffer.from(name)]);
}

function endOf(count: number, bytes: number, at: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(bytes, 12);
  end.writeUInt32LE(at, 16);
  return end;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function inflate(bytes: Buffer, size: number, name: string, path: string): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw invalidZip(path, `${name} is damaged: ${messageOf(error)}`);
  }
}

/** One system call reads less than 2 GiB. */
const CHUNK = 2 ** 28;

async function readAt(file: FileHandle, at: number, length: number, path: string): Promise<Buffer> {
  const { size } = await file.stat();
  if (at < 0 || at + length > size) {
    throw invalidZip(path, `the file ends at byte ${size}, before byte ${at + length}`);
  }
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const part = Math.min(CHUNK, length - done);
    const { bytesRead } = await file.read(buffer, done, part, at + done);
    if (bytesRead === 0) throw invalidZip(path, 'the file became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
}
