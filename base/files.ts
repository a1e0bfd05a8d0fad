/** Functions for folders and files. Their errors say what was being done and where. */
import { type FileHandle, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './error.ts';
import { readError, writeError } from './file-error.ts';

/**
 * Names of the entries of a folder; an empty list when the folder does not exist.
 * @param asError `writeError` when the folder is about to be written
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

/** Whether the path is a folder; false when it cannot be examined. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Makes a folder and its missing parents, one at a time: Node's recursive mkdir never returns when
 * an existing parent accepts no folders (/proc).
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL` or `IO_FAILED`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const system = systemCode(error);
    if (system === 'EEXIST' && (await isFolder(path))) return;
    if (system !== 'ENOENT' || dirname(path) === path) throw writeError(error, path);
    if (!(await isFolder(dirname(path)))) {
      await makeFolder(dirname(path));
      await makeFolder(path);
      return;
    }
    // Another process may have made the parent in the meantime: once more, and not for ever.
    await mkdir(path).catch(async (again) => {
      if (systemCode(again) !== 'EEXIST' || !(await isFolder(path))) throw writeError(again, path);
    });
  }
}

/**
 * Copies a small file by reading and writing it, because the system's own copy does not say which
 * of the two files caused an error.
 * @throws CodecLmError of {@link readError} for `from`, of {@link writeError} for `to`
 */
export async function copySmallFile(from: string, to: string): Promise<void> {
  const content = await readFile(from).catch((error) => {
    throw readError(error, from);
  });
  await writeFile(to, content).catch((error) => {
    throw writeError(error, to);
  });
}

/**
 * Waits until a file, or the names in a folder, are on the disk: a rename can reach the disk before
 * the content does.
 */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Opens a file for `work`; errors of the file system become ours. */
export async function withFile<T>(
  path: string,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await work(file);
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}
