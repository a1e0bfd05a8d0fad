/** Parts of large files. */
import type { FileHandle } from 'node:fs/promises';

/** One system call reads less than 2 GiB. */
const CHUNK = 2 ** 28;

/**
 * @param cutOff what is thrown when the file ends too early
 * @returns `length` bytes from `position` on
 */
export async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
  cutOff: () => Error,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const part = Math.min(CHUNK, length - done);
    const { bytesRead } = await file.read(buffer, done, part, position + done);
    if (bytesRead === 0) throw cutOff();
    done += bytesRead;
  }
  return buffer;
}
