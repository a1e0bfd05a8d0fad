/** Opens an archive for reading, on a disk or in object storage. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isRemote, type OpenFile, storageAt } from '../../../base/storage/index.ts';
import { type ByteString, bytesOf } from '../../plan/byte-strings.ts';
import { WindowReader } from './window.ts';

/** With this flag, opening a named pipe does not wait for a writer; it does not affect files. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** A file that is read at any place of it. */
export interface Archive {
  readonly size: number;
  /** @returns these bytes, or fewer at the end of the file */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** @throws Error when it cannot be opened, or is not a file */
export async function openArchive(path: ByteString): Promise<Archive> {
  const text = bytesOf(path).toString('utf8');
  if (isRemote(text)) return remoteArchive(await storageAt(text).open(text));
  const handle = await open(bytesOf(path), OPEN_FLAGS);
  const found = await handle.stat();
  if (found.isFile()) return localArchive(handle, found.size);
  await handle.close();
  throw new Error('not a file');
}

function localArchive(handle: FileHandle, size: number): Archive {
  return {
    size,
    async read(position, length) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

function remoteArchive(file: OpenFile): Archive {
  const reader = new WindowReader(file.size, (offset, length) => file.read(offset, length));
  return {
    size: file.size,
    read: (position, length) => reader.read(position, length),
    close: () => file.close(),
  };
}
