/** A Parquet file in object storage: its head and its footer come with the first requests. */
import { type OpenFile, storageAt } from '../../base/storage/index.ts';

/** The magic number. */
const HEAD = 4;
/** Enough for the footer and the page indices of most shards. */
const TAIL = 128 * 1024;

/**
 * @param expected size of the file, if it is known: its ends then come together with its true size
 * @throws CodecLmError of the storage
 */
export async function farFile(place: string, expected?: number): Promise<OpenFile> {
  const storage = storageAt(place);
  const early = expected === undefined ? undefined : endsOf(storage, place, expected);
  // A file of another size fails here too, and is asked for again below.
  early?.catch(() => undefined);
  const file = await storage.open(place);
  const isExpected = early !== undefined && file.size === expected;
  const { head, tail, start } = await (isExpected ? early : endsOf(storage, place, file.size));
  return {
    size: file.size,
    async read(offset, length, into) {
      const end = offset + length;
      if (offset >= start) return tail.subarray(offset - start, end - start);
      if (end <= head.length) return head.subarray(offset, end);
      return file.read(offset, length, into);
    },
    close: () => file.close(),
  };
}

async function endsOf(
  storage: ReturnType<typeof storageAt>,
  place: string,
  size: number,
): Promise<{ head: Buffer; tail: Buffer; start: number }> {
  const start = Math.max(0, size - TAIL);
  const [head, tail] = await Promise.all([
    storage.readRange(place, 0, Math.min(HEAD, size)),
    storage.readRange(place, start, size - start),
  ]);
  return { head, tail, start };
}
