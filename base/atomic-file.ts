/**
 * A file that is either whole or absent: written beside its place, synced, then
 * renamed. A Parquet file cut short is unreadable as a whole, so no reader may
 * ever see one.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './file-error.ts';
import { sync } from './files.ts';

/** IOV_MAX of POSIX systems: buffers one call may write. */
const MAX_BUFFERS = 1024;

export class AtomicFile {
  readonly path: string;
  /** Bytes written so far. */
  bytes = 0;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #hash: Hash | undefined;

  private constructor(path: string, temporary: string, handle: FileHandle, hash?: Hash) {
    this.path = path;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#hash = hash;
  }

  /**
   * @param options.hashed false spares the time of a hash that nobody asks for
   * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL`, `IO_FAILED`
   */
  static async create(path: string, { hashed = true } = {}): Promise<AtomicFile> {
    const name = `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    const temporary = join(dirname(path), name);
    try {
      const hash = hashed ? createHash('sha256') : undefined;
      return new AtomicFile(path, temporary, await open(temporary, 'wx'), hash);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /**
   * One after the other, with as few calls of the system as there can be.
   * @throws CodecLmError `DISK_FULL` or `IO_FAILED`
   */
  async write(...buffers: Uint8Array[]): Promise<void> {
    for (const buffer of buffers) {
      this.#hash?.update(buffer);
      this.bytes += buffer.length;
    }
    try {
      for (let rest = buffers.filter(({ length }) => length > 0); rest.length > 0; ) {
        const { bytesWritten } = await this.#handle.writev(rest.slice(0, MAX_BUFFERS));
        rest = behind(rest, bytesWritten);
      }
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  /** sha256 of what was written so far. */
  hashSoFar(): string {
    return this.#hash!.copy().digest('hex');
  }

  /**
   * Puts the file in its place; it survives a power cut from here on.
   * @returns sha256 is empty for a file that is not hashed
   */
  async commit(): Promise<{ bytes: number; sha256: string }> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.path);
      await sync(dirname(this.path));
    } catch (error) {
      throw writeError(error, this.path);
    }
    return { bytes: this.bytes, sha256: this.#hash?.digest('hex') ?? '' };
  }

  /** Leaves nothing behind; the reason of the failure is the caller's to throw. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/** What is left when so many bytes are done: a disk that fills up takes a part. */
function behind(buffers: Uint8Array[], bytes: number): Uint8Array[] {
  let done = bytes;
  const first = buffers.findIndex(({ length }) => {
    if (done < length) return true;
    done -= length;
    return false;
  });
  if (first < 0) return [];
  return [buffers[first].subarray(done), ...buffers.slice(first + 1)];
}

/** Runs `fill` on a new file: committed when it returns, gone when it throws. */
export async function writeAtomically(
  path: string,
  fill: (file: AtomicFile) => Promise<void>,
  options: { hashed?: boolean } = {},
): Promise<{ bytes: number; sha256: string }> {
  const file = await AtomicFile.create(path, options);
  try {
    await fill(file);
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Replaces a file by one of this content, whole or not at all. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  await writeAtomically(path, (file) => file.write(bytes), { hashed: false });
}
