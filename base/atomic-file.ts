/**
 * A file that is either complete or absent. It is written under a temporary name beside its final
 * place, synced, then renamed. A truncated Parquet file cannot be read at all, so no reader may
 * ever see one.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './error.ts';
import { writeError } from './file-error.ts';
import { sync } from './files.ts';

/** IOV_MAX of POSIX systems: the most buffers that one call may write. */
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
   * @param options.hashed false skips the sha256, which costs time
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
   * Appends the buffers in order, with as few system calls as possible.
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

  /** sha256 of the bytes written so far. */
  hashSoFar(): string {
    return this.#hash!.copy().digest('hex');
  }

  /**
   * Syncs the file and renames it to its final name. From then on it survives a power cut.
   * @returns the size in bytes and the sha256; the sha256 is empty when the file is not hashed
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

  /**
   * Like {@link commit}, but never replaces a file: a link, unlike a rename, fails where one is.
   * Call {@link abort} afterwards.
   * @returns false when a file of that name is there
   */
  async commitNew(): Promise<boolean> {
    try {
      await this.#handle.sync();
      await link(this.#temporary, this.path);
      await sync(dirname(this.path));
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw writeError(error, this.path);
    }
  }

  /**
   * Closes and removes the temporary file. Throws nothing: the caller throws the reason of the
   * failure.
   */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/**
 * The buffers that remain after the first `bytes` bytes were written: a full disk accepts only a
 * part.
 */
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

/**
 * Runs `fill` on a new file. Commits the file when `fill` returns, removes it when `fill` throws.
 */
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

/** A file that is being written, or one that a killed process left. */
const UNFINISHED = /^\..+\.\d+-[0-9a-f]{8}\.tmp$/;

/**
 * Removes what killed processes left of unfinished files in a folder and all below it. Nobody else may be
 * writing there.
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `IO_FAILED`
 */
export async function removeUnfinishedFiles(folder: string): Promise<void> {
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !UNFINISHED.test(entry.name)) continue;
      await rm(join(entry.parentPath, entry.name), { force: true });
    }
  } catch (error) {
    throw writeError(error, folder);
  }
}

/** Replaces the file at `path` by this content, completely or not at all. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  await writeAtomically(path, (file) => file.write(bytes), { hashed: false });
}
