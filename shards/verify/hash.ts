/** Checks size and sha256 of a file against the manifest. */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import { storageAt } from '../../base/storage/index.ts';

/**
 * Compares a file with its entry in the manifest.
 * @throws CodecLmError `DATASET_INVALID` when its size or sha256 differs
 */
export async function checkHash(
  path: string,
  entry: { bytes: number; sha256: string },
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of storageAt(path).stream(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  if (bytes !== entry.bytes) {
    throw new CodecLmError('DATASET_INVALID', `${bytes} bytes; the manifest says ${entry.bytes}`);
  }
  if (hash.digest('hex') !== entry.sha256) {
    throw new CodecLmError('DATASET_INVALID', 'its sha256 is not that of the manifest');
  }
}
