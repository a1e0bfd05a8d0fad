/** Lists the inputs that a text file names, one path per line. */
import { createReadStream } from 'node:fs';
import { readError } from '../../base/file-error.ts';
import { isRemote, parsePlace, storageAt } from '../../base/storage/index.ts';
import {
  type ByteString,
  bytesOf,
  escapePath,
  fromText,
  isAbsolute,
  join,
  textPlace,
} from '../plan/byte-strings.ts';
import { listArchive } from './archive.ts';
import { isArchiveName } from './compressed.ts';
import type { Input, ListingContext } from './source.ts';

/** Longest line in bytes: several times the longest path of any system. */
const MAX_LINE_BYTES = 65_536;

/**
 * Paths are relative to the list's folder; empty lines and lines that begin with `#` are skipped.
 * Bytes are used as they are: names need not be UTF-8.
 * @throws CodecLmError `USAGE` for an entry that is a URL other than `file:///…`, `s3://…`, `https://…`
 */
export async function* listText(
  source: number,
  list: ByteString,
  base: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  for await (const entry of linesOf(list)) {
    context.signal?.throwIfAborted();
    if (entry === '' || entry.startsWith('#')) continue;
    const path = entryOf(entry, list);
    const file = isAbsolute(path) ? path : join(base, path);
    if (path.startsWith('https://')) yield { source, path };
    else if (isArchiveName(path, context.extensions))
      yield* listArchive(source, file, context, path);
    else yield { source, path };
  }
}

/** @throws CodecLmError `USAGE` that names the list, for a URL with an unknown scheme */
function entryOf(entry: ByteString, list: ByteString): ByteString {
  if (!entry.includes('://') || entry.startsWith('https://')) return entry;
  const text = bytesOf(entry).toString('utf8');
  const path = parsePlace(text, `in the list ${escapePath(list)}:`);
  return path === text ? entry : fromText(path);
}

async function* linesOf(list: ByteString): AsyncGenerator<ByteString> {
  let rest = '';
  try {
    for await (const chunk of contentOf(list)) {
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

async function* contentOf(list: ByteString): AsyncGenerator<ByteString> {
  if (!isRemote(list)) {
    yield* createReadStream(bytesOf(list), { encoding: 'latin1' });
    return;
  }
  const place = textPlace(list);
  for await (const chunk of storageAt(place).stream(place)) yield chunk.toString('latin1');
}
