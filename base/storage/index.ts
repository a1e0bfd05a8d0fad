/**
 * Reads and writes at a place, on a disk or in object storage. All parts of the project that may
 * meet a place of either kind go through here.
 */
import { localStorage } from './local.ts';
import { isRemote } from './place.ts';
import { S3Storage } from './s3/s3.ts';
import type { OutputFile, PlaceStorage } from './storage.ts';

export {
  absolutePlace,
  isRemote,
  joinPlace,
  parentOf,
  parsePlace,
  parseSourcePlace,
} from './place.ts';
export type { FoundPlace, OpenFile, OutputFile, PlaceStorage, StoredFile } from './storage.ts';

let remote: S3Storage | undefined;

/** Object storage; one for a process, so that all its requests share connections and their limit. */
export function remoteStorage(): S3Storage {
  remote ??= new S3Storage();
  return remote;
}

export function storageAt(place: string): PlaceStorage {
  return isRemote(place) ? remoteStorage() : localStorage;
}

/**
 * Runs `fill` on a new file. The file appears completely when `fill` returns, and not at all when it
 * throws.
 */
export async function writePlace(
  place: string,
  fill: (file: OutputFile) => Promise<void>,
  options: { hashed?: boolean } = {},
): Promise<{ bytes: number; sha256: string }> {
  const file = await storageAt(place).create(place, options);
  try {
    await fill(file);
    return await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
