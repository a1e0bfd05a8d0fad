/** An archive, opened to be read. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ByteString, bytesOf } from '../../plan/byte-strings.ts';

/** To open a named pipe is to wait for a writer, but for this flag; files do not mind it. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** @throws Error when it cannot be opened, or is no file */
export async function openArchive(path: ByteString): Promise<FileHandle> {
  const archive = await open(bytesOf(path), OPEN_FLAGS);
  if ((await archive.stat()).isFile()) return archive;
  await archive.close();
  throw new Error('not a file');
}
