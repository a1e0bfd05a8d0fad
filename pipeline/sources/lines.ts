/** The lines of a text file, on a disk or in object storage, as bytes. */
import { createReadStream } from 'node:fs';
import { readError } from '../../base/file-error.ts';
import { isRemote, storageAt } from '../../base/storage/index.ts';
import { type ByteString, bytesOf, escapePath, textPlace } from '../plan/byte-strings.ts';

/** @param most bytes of the longest line */
export async function* linesOf(file: ByteString, most: number): AsyncGenerator<ByteString> {
  let rest = '';
  try {
    for await (const chunk of contentOf(file)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      if (rest.length > most) throw new Error('not a text list: a line has no end');
      for (const line of lines) yield line.replace(/\r$/, '');
    }
  } catch (error) {
    throw readError(error, escapePath(file), 'reading the list');
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

/** The content of a file, in chunks; one character is one byte. */
export async function* contentOf(file: ByteString): AsyncGenerator<ByteString> {
  if (!isRemote(file)) {
    yield* createReadStream(bytesOf(file), { encoding: 'latin1' });
    return;
  }
  const place = textPlace(file);
  for await (const chunk of storageAt(place).stream(place)) yield chunk.toString('latin1');
}
