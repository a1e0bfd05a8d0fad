/** Checks size and sha256 of a file against the manifest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';

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
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw readError(error, path);
  }
  if (bytes !== entry.bytes) {
    throw new CodecLmError('DATASET_INVALID', `${bytes} bytes; the manifest says ${entry.bytes}`);
  }
  if (hash.digest('hex') !== entry.sha256) {
    throw new CodecLmError('DATASET_INVALID', 'its sha256 is not that of the manifest');
  }
}
