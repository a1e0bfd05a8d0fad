/** Folders and small files, with errors that say what was being done and where. */
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './error.ts';
import { readError, writeError } from './file-error.ts';

/**
 * Names in a folder; none when there is no such folder.
 * @param asError `writeError` for a folder that is going to be written
 * @throws CodecLmError `INPUT_UNREADABLE` …, or those of `asError`
 */
export async function namesIn(path: string, asError = readError): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw asError(error, path);
  }
}

/** Whether it is a folder; not when it cannot be looked at. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Makes a folder and those above it, one at a time: Node's recursive mkdir never returns
 * where a folder cannot be made below one that exists (/proc).
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL` or `IO_FAILED`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const system = systemCode(error);
    if (system === 'EEXIST' && (await isFolder(path))) return;
    const isParentMissing = system === 'ENOENT' && !(await isFolder(dirname(path)));
    if (!isParentMissing || dirname(path) === path) throw writeError(error, path);
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

/**
 * Copies a small file. In two steps, because the system's own copy does not say
 * which of the two files is to blame.
 * @throws CodecLmError of {@link readError} for the one, of {@link writeError} for the other
 */
export async function copySmallFile(from: string, to: string): Promise<void> {
  const content = await readFile(from).catch((error) => {
    throw readError(error, from);
  });
  await writeFile(to, content).catch((error) => {
    throw writeError(error, to);
  });
}

/** Waits until a file, or the names in a folder, are on the disk: a rename can reach it before the content does. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
