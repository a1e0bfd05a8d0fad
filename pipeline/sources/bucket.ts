/** Lists the inputs below a prefix of object storage. */
import { storageAt } from '../../base/storage/index.ts';
import { type ByteString, fromText, join, textPlace } from '../plan/byte-strings.ts';
import { listFile } from './folder.ts';
import type { Input, ListingContext } from './source.ts';

/**
 * Lists page by page, so that memory does not grow with the number of keys. Keys that end with a
 * slash are the folders that some tools make.
 */
export async function* listBucket(
  source: number,
  base: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  const place = textPlace(base);
  for await (const { name } of storageAt(place).listAll(place, context.signal)) {
    const path = fromText(name);
    if (name === '' || name.endsWith('/') || isExcluded(join(base, path), context)) continue;
    yield* listFile(source, base, path, context);
  }
}

/** Whether the key belongs to the dataset that is being written. */
function isExcluded(path: ByteString, { excluded }: ListingContext): boolean {
  return path.startsWith(`${excluded}/`);
}
