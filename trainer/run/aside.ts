/** Files and folders that appear whole or not at all: written under another name, synced, renamed. */
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Whether a name is one of those that are written under before the renaming. */
export function isAside(name: string): boolean {
  return /\.tmp-\d+$/.test(name);
}

/** Replaces a file; whoever reads it sees the old or the new content, never a part. */
export function writeFileAside(path: string, content: string | Uint8Array): Promise<void> {
  return writeAside(path, (file) => file.writeFile(content));
}

/** The same with a content that is written piece by piece. */
export async function writeAside(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const aside = `${path}.tmp-${process.pid}`;
  try {
    const file = await open(aside, 'w');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await sync(dirname(path));
}

/**
 * Makes a folder by letting `write` fill one beside it. A folder of that name that
 * was there before is replaced.
 * @param beforeRename the last word before it gets its name; what it throws leaves all as it was
 */
export async function writeFolderAside(
  path: string,
  write: (aside: string) => Promise<void>,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  const aside = `${path}.tmp-${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  try {
    await write(aside);
    for (const name of await readdir(aside)) await sync(join(aside, name));
    await sync(aside);
    await beforeRename?.();
    await rm(path, { recursive: true, force: true });
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  await sync(dirname(path));
}

/** Without it a rename can reach the disk before the content does. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
