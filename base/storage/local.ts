/** A disk or network share as a storage. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, opendir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AtomicFile } from '../atomic-file.ts';
import { CodecLmError, type ErrorCode, systemCode } from '../error.ts';
import { readError, writeError } from '../file-error.ts';
import { makeFolder, namesIn } from '../files.ts';
import type {
  FoundPlace,
  OpenFile,
  OutputFile,
  PlaceStorage,
  ReadOptions,
  StoredFile,
} from './storage.ts';

const CHUNK = 1 << 20;

export const localStorage: PlaceStorage = {
  async find(path): Promise<FoundPlace | undefined> {
    try {
      const found = await stat(path);
      return { isFolder: found.isDirectory(), size: found.size, modified: found.mtimeMs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw readError(error, path);
    }
  },
  names: (folder) => namesIn(folder),
  listAll,
  async read(path, { limit, code }: ReadOptions = {}) {
    const file = await openFile(path);
    try {
      if (limit !== undefined && file.size > limit) throw tooLarge(path, file.size, limit, code);
      return await file.readAll();
    } catch (error) {
      throw readError(error, path);
    } finally {
      await file.close();
    }
  },
  async readRange(path, offset, length, into) {
    const file = await openFile(path);
    try {
      return await file.read(offset, length, into);
    } finally {
      await file.close();
    }
  },
  async *stream(path) {
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) yield chunk;
    } catch (error) {
      throw readError(error, path);
    }
  },
  open: (path): Promise<OpenFile> => openFile(path),
  create: (path, options): Promise<OutputFile> => AtomicFile.create(path, options),
  async putIfAbsent(path, content) {
    const file = await AtomicFile.create(path, { hashed: false });
    try {
      await file.write(content);
      return await file.commitNew();
    } finally {
      await file.abort();
    }
  },
  async remove(path) {
    await rm(path, { force: true }).catch((error) => {
      throw writeError(error, path, 'removing');
    });
  },
  async removeAll(folder) {
    await rm(folder, { recursive: true, force: true }).catch((error) => {
      throw writeError(error, folder, 'removing');
    });
  },
  makeFolder,
};

async function* listAll(folder: string, signal?: AbortSignal): AsyncGenerator<StoredFile> {
  const directory = await opendir(folder, { recursive: true }).catch((error) => {
    throw readError(error, folder, 'listing');
  });
  for await (const entry of directory) {
    signal?.throwIfAborted();
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield { name: relative(folder, path), size: (await stat(path)).size };
  }
}

function tooLarge(
  path: string,
  size: number,
  limit: number,
  code: ErrorCode = 'INPUT_UNREADABLE',
): CodecLmError {
  return new CodecLmError(code, `${path} has ${size} bytes, the limit is ${limit}`, {
    path,
  });
}

class LocalFile implements OpenFile {
  readonly size: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const buffer =
      into && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(buffer, done, length - done, offset + done);
      if (bytesRead === 0) throw new RangeError('the file has become shorter');
      done += bytesRead;
    }
    return buffer;
  }

  readAll(): Promise<Buffer> {
    return this.#handle.readFile();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function openFile(path: string): Promise<LocalFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const found = await handle.stat();
    if (found.isFile()) return new LocalFile(handle, found.size);
    const what = found.isDirectory() ? 'it is a folder, not a file' : 'it is not a file';
    throw new CodecLmError('INPUT_UNREADABLE', `reading ${path}: ${what}`, { path });
  } catch (error) {
    await handle?.close();
    throw readError(error, path);
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
}
