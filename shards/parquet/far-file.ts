/** A Parquet file in object storage: its head and its footer come with the first requests. */
import type { OpenFile } from '../../base/storage/index.ts';

/** The magic number. */
const HEAD = 4;
/** Enough for the footer and the page indices of most shards. */
const TAIL = 128 * 1024;

/** @throws CodecLmError of the storage */
export async function farFile(file: OpenFile): Promise<OpenFile> {
  const start = Math.max(0, file.size - TAIL);
  const [head, tail] = await Promise.all([
    file.read(0, Math.min(HEAD, file.size)),
    file.read(start, file.size - start),
  ]);
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
