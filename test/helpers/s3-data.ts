/** Folders and datasets that are put into a bucket, and read from it. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { joinPlace, storageAt, writePlace } from '../../base/storage/index.ts';

/** Puts all files of a folder below a prefix. */
export async function upload(folder: string, place: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const content = await readFile(path);
      await writePlace(joinPlace(place, relative(folder, path)), (file) => file.write(content));
    }),
  );
}

/** Name -> sha256 of the files below a place. */
export async function hashesAt(
  place: string,
  folders = ['shards'],
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const folder of folders) {
    for (const name of (await storageAt(place).names(joinPlace(place, folder))).sort()) {
      const content = await storageAt(place).read(joinPlace(place, folder, name));
      hashes[`${folder}/${name}`] = createHash('sha256').update(content).digest('hex');
    }
  }
  return hashes;
}
