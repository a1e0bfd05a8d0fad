/** Opens an archive for reading. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ByteString, bytesOf } from '../../plan/byte-strings.ts';

/** With this flag, opening a named pipe does not wait for a writer; it does not affect files. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** @throws Error when it cannot be opened, or is not a file */
export async function openArchive(path: ByteString): Promise<FileHandle> {
  const archive = await open(bytesOf(path), OPEN_FLAGS);
  if ((await archive.stat()).isFile()) return archive;
  await archive.close();
  throw new Error('not a file');
}
