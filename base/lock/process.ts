/** Finds out whether the process that a lock names still runs, as far as this machine can tell. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../error.ts';

export interface ProcessIdentity {
  host: string;
  boot: string | null;
  namespace: string | null;
  pid: number;
  startTime: string | null;
}

/**
 * - `alive`, `dead`: certain
 * - `dying`: killed, but the system has not ended it yet: it may still be writing
 * - `unknown`: it cannot be seen from here; only a silent heartbeat shows its death
 */
export type Life = 'alive' | 'dying' | 'dead' | 'unknown';

/** Bit of SIGKILL in the masks of pending signals. */
const KILL = 1n << 8n;

export function thisProcess(): ProcessIdentity {
  const namespace = namespaceHere();
  return {
    host: hostname(),
    boot: textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? null,
    namespace,
    pid: process.pid,
    startTime: (namespace && statOf(process.pid)?.startTime) ?? null,
  };
}

/**
 * Gives a certain answer only for a process with the same kernel and the same pid namespace: pid 17
 * of a container is another process than pid 17 outside of it. The host name is compared too,
 * because machines woken from one snapshot share their boot id.
 */
export function lifeOf(process: ProcessIdentity, self = thisProcess()): Life {
  const keys = ['host', 'boot', 'namespace'] as const;
  if (keys.some((key) => self[key] === null || self[key] !== process[key])) return 'unknown';
  if (process.startTime === null) return 'unknown';
  const found = statOf(process.pid);
  if (!found) return isSurelyGone(process.pid) ? 'dead' : 'unknown';
  // The pid was given to another process.
  if (found.startTime !== process.startTime) return 'dead';
  // A zombie: nobody has read its exit code yet. Other threads of it may still be in a write.
  if (found.state === 'Z' || found.state === 'X') return found.threads > 1 ? 'dying' : 'dead';
  return isKilled(process.pid) ? 'dying' : 'alive';
}

/**
 * The namespace that numbers pids and the one that start times are counted in. A container may see
 * the /proc of its host, with other numbers: then no process can be looked up.
 */
function namespaceHere(): string | null {
  if (linkOf('/proc/self') !== String(process.pid)) return null;
  const pids = linkOf('/proc/self/ns/pid');
  return pids && `${pids} ${linkOf('/proc/self/ns/time') ?? ''}`.trim();
}

interface Stat {
  state: string;
  threads: number;
  startTime: string;
}

/** Fields 3, 20 and 22 of /proc/PID/stat. Field 2, a name in brackets, may hold any characters. */
function statOf(pid: number): Stat | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], threads: Number(fields[17]), startTime: fields[19] };
}

/** Where /proc hides the processes of other users, `kill` still finds them. */
export function isSurelyGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

/** Whether a SIGKILL is pending: a process that waits for a disk ends only after the wait. */
function isKilled(pid: number): boolean {
  const masks = textOf(`/proc/${pid}/status`)?.matchAll(/^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$/gm) ?? [];
  return [...masks].some(([, mask]) => (BigInt(`0x${mask}`) & KILL) !== 0n);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
