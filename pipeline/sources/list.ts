/** Inputs named in a text file, one path a line. */
import { createReadStream } from 'node:fs';
import { readError } from '../../base/file-error.ts';
import { type ByteString, bytesOf, escapePath, extensionOf, join } from '../plan/byte-strings.ts';
import type { Input, ListingContext } from './source.ts';
import { listTar } from './tar.ts';

/** The longest line read: several times the longest path of any system. */
const MAX_LINE_BYTES = 65_536;

/**
 * Paths are relative to the list's own folder; empty lines and lines that begin with `#`
 * are passed over. Bytes are taken as they are: a list may hold names that are no UTF-8.
 */
export async function* listText(
  source: number,
  list: ByteString,
  base: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  for await (const path of linesOf(list)) {
    context.signal?.throwIfAborted();
    if (path === '' || path.startsWith('#')) continue;
    const file = path.startsWith('/') ? path : join(base, path);
    if (extensionOf(path) === '.tar') yield* listTar(source, file, context, path);
    else yield { source, path };
  }
}

async function* linesOf(list: ByteString): AsyncGenerator<ByteString> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(bytesOf(list), { encoding: 'latin1' })) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      if (rest.length > MAX_LINE_BYTES) throw new Error('not a text list: a line has no end');
      for (const line of lines) yield line.replace(/\r$/, '');
    }
  } catch (error) {
    throw readError(error, escapePath(list), 'reading the list');
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}
