/**
 * One writer a run: a file that the writer touches as long as it lives, from a thread of its own,
 * because steps block the thread of the loop for as long as they take.
 */
import { rmSync } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CodecLmError, systemCode } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';

export const LOCK_FILE = '.lock';

const TOUCH_MS = 5_000;
/** A writer that was killed on another machine is known by its silence. */
const STALE_MS = 60_000;

/** Runs in the thread. */
const HEARTBEAT = `
  const { utimesSync } = require('node:fs');
  const { workerData: { path, every } } = require('node:worker_threads');
  setInterval(() => { try { utimesSync(path, new Date(), new Date()); } catch {} }, every);
`;

interface Owner {
  pid: number;
  host: string;
}

/**
 * @param run an existing folder
 * @returns to be called at the end
 * @throws CodecLmError `OUTPUT_IN_USE` when another process trains in the folder
 */
export async function lockRun(run: string): Promise<() => Promise<void>> {
  const path = join(run, LOCK_FILE);
  const owner: Owner = { pid: process.pid, host: hostname() };
  if (!(await create(path, owner))) {
    await removeIfStale(path, run);
    if (!(await create(path, owner))) throw inUse(run, 'another process');
  }
  const heart = new Worker(HEARTBEAT, { eval: true, workerData: { path, every: TOUCH_MS } });
  heart.unref();
  const remove = () => rmSync(path, { force: true });
  process.once('exit', remove);
  return async () => {
    process.off('exit', remove);
    await heart.terminate();
    await rm(path, { force: true });
  };
}

/** @returns whether the file was not there before */
async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(JSON.stringify(owner));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw writeError(error, path, 'locking the run');
  }
}

async function removeIfStale(path: string, run: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(path);
    const { pid, host } = parseOwner(await readFile(path, 'utf8'));
    const isSilent = Date.now() - mtimeMs > STALE_MS;
    const isDead = host === hostname() && !isRunning(pid);
    if (!isSilent && !isDead) throw inUse(run, `process ${pid} on ${host}`);
    await rm(path, { force: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw writeError(error, path, 'looking at the lock');
  }
}

/** A process that was killed between making the file and writing into it leaves it empty. */
function parseOwner(text: string): Owner {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return { pid: 0, host: 'an unknown machine' };
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function inUse(run: string, who: string): CodecLmError {
  return new CodecLmError('OUTPUT_IN_USE', `${run} is being written by ${who}`, {
    path: run,
    hint: `wait for its end; a writer that died elsewhere is forgotten after ${STALE_MS / 1000} s`,
  });
}
