/**
 * Folders of this machine for what is fetched from afar: each process has its own, and removes it when it
 * ends. The name says whose it is, so that another process finds what a killed one has left.
 */
import { rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSurelyGone } from '../../../base/lock/process.ts';

const PREFIX = 'codec-lm-checkpoint-';
/** The last part is of a folder that was being filled. */
const NAME = /^codec-lm-checkpoint-[0-9a-f]+-(\d+)(-\w+)?$/;
/**
 * A folder of a process that is gone is removed after this time: the process may run in another
 * container, where its number says nothing here.
 */
const ABANDONED_MS = 24 * 3600 * 1000;

/** @param hash of the content, in hexadecimal digits */
export function fetchedFolder(hash: string): string {
  return join(tmpdir(), `${PREFIX}${hash}-${process.pid}`);
}

/** Removes the folder when this process ends, also by a signal that is handled. */
export function removeAtExit(folder: string): void {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/**
 * Removes folders that processes have left which could not do it themselves.
 * @param now in milliseconds since 1970
 */
export async function removeAbandoned(now = Date.now()): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || !isSurelyGone(Number(pid))) continue;
    const folder = join(tmpdir(), name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: now }));
    if (now - mtimeMs < ABANDONED_MS) continue;
    // That of another user stays.
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
