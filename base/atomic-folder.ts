/**
 * A folder that appears complete or not at all: it is filled under another name, synced, then
 * renamed.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './error.ts';
import { writeError } from './file-error.ts';
import { makeFolder, namesIn, sync } from './files.ts';

/**
 * Makes a folder: `fill` writes into a temporary folder beside it, which is then renamed. An
 * existing folder of that name is replaced.
 * @param check throws when the folder must not appear any more
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL`, `IO_FAILED`; whatever `fill` and `check` throw
 */
export async function writeFolderAtomically(
  path: string,
  fill: (aside: string) => Promise<void>,
  check?: () => Promise<void>,
): Promise<void> {
  const aside = `${path}.tmp-${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await makeFolder(dirname(path));
  try {
    await mkdir(aside);
    await fill(aside);
    for (const name of await readdir(aside)) await sync(join(aside, name));
    await sync(aside);
    await check?.();
    await rm(path, { recursive: true, force: true });
    await rename(aside, path);
    await sync(dirname(path));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw systemCode(error) ? writeError(error, path) : error;
  }
}

/** Removes the temporary folders that killed processes left in this folder. */
export async function removeUnfinishedFolders(parent: string): Promise<void> {
  for (const name of await namesIn(parent)) {
    if (/\.tmp-\d+$/.test(name)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
