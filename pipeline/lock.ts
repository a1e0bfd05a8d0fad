/**
 * Keeps two processes from filling the same partitions of one dataset. A lock is a file
 * that names its process and is touched while that lives; one left by a killed process is
 * taken over.
 */
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { CodecLmError, systemCode } from '../base/error.ts';
import { writeError } from '../base/file-error.ts';
import { makeFolder, namesIn } from '../base/files.ts';
import { paths } from './files.ts';
import type { Ranks } from './rank.ts';

const TOUCH_MS = 10_000;
/** On another machine only time tells: six touches missed, and some for clocks that differ. */
const STALE_MS = 90_000;
/** Each try is lost only when another rank ends at that very moment. */
const TRIES = 100;

const holderSchema = z.object({
  host: z.string(),
  pid: z.number(),
  rank: z.number(),
  size: z.number(),
});
export type Holder = z.infer<typeof holderSchema>;

/**
 * @returns releases the lock
 * @throws CodecLmError `OUTPUT_IN_USE` when a living process has the same partitions in hand
 */
export async function lockDataset(out: string, ranks: Ranks): Promise<() => Promise<void>> {
  const self: Holder = { host: hostname(), pid: process.pid, ...ranks };
  const path = await takeInFolder(paths.locks(out), self);
  const touch = setInterval(() => {
    const now = new Date();
    // A lock that cannot be touched grows stale; the writes of the run itself will tell why.
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS);
  touch.unref();
  return async () => {
    clearInterval(touch);
    await rm(path, { force: true });
  };
}

/** Who writes the dataset now. */
export async function livingHolders(out: string): Promise<Holder[]> {
  const folder = paths.locks(out);
  const holders: Holder[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const holder = await readHolder(path);
    if (holder && (await isAlive(path, holder))) holders.push(holder);
  }
  return holders;
}

/** A rank that ends removes the folder when it is the last one in it: then it is made again. */
async function takeInFolder(folder: string, self: Holder): Promise<string> {
  const path = join(folder, `rank-${self.rank}.json`);
  for (let tried = 1; ; tried++) {
    try {
      await makeFolder(folder);
      for (const name of await namesIn(folder)) {
        const other = join(folder, name);
        // Another rank may be writing its lock this moment: what cannot be read yet is not ours to remove.
        if (other === path || (await readHolder(other)) || (await isStale(other))) {
          await checkOther(other, self);
        }
      }
      await take(path, self);
      return path;
    } catch (error) {
      const cause = systemCode((error as CodecLmError).cause);
      if (!['ENOENT', 'EEXIST'].includes(cause ?? '') || tried === TRIES) throw error;
    }
  }
}

async function take(path: string, self: Holder): Promise<void> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${JSON.stringify(self)}\n`);
    await file.close();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw writeError(error, path);
    throw new CodecLmError('OUTPUT_IN_USE', `another process took ${path} just now`, { path });
  }
}

/** Removes a lock whose process is gone. */
async function checkOther(path: string, self: Holder): Promise<void> {
  const holder = await readHolder(path);
  if (holder && (await isAlive(path, holder))) {
    const shares = holder.size === self.size && holder.rank !== self.rank;
    if (shares) return;
    const who = `process ${holder.pid} on ${holder.host} (rank ${holder.rank} of ${holder.size})`;
    throw new CodecLmError('OUTPUT_IN_USE', `${who} is writing this dataset`, {
      path,
      hint: `wait for it or stop it; if it is gone for sure, remove ${path}`,
    });
  }
  await rm(path, { force: true });
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Cut short by a kill, or gone meanwhile: nobody holds it.
    return undefined;
  }
}

async function isAlive(path: string, holder: Holder): Promise<boolean> {
  if (await isStale(path)) return false;
  if (holder.host !== hostname()) return true;
  // In containers a process comes back under the number it had before.
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Gone, or not touched for so long that whoever held it is gone. */
async function isStale(path: string): Promise<boolean> {
  const touched = await stat(path).catch(() => undefined);
  return !touched || Date.now() - touched.mtimeMs > STALE_MS;
}
