/** The content of a lock file, and the rule which two holders exclude each other. */
import { randomBytes } from 'node:crypto';
import { type Holder, holderSchema, type OldHolder, oldHolderSchema } from '../../schemas/lock.ts';
import { thisProcess } from './process.ts';
import type { Entry } from './store.ts';

/** A lock file as it was read. */
export interface Found extends Entry {
  /** undefined when the file is truncated, empty, or in another format. */
  holder?: Holder;
  /** Holder in the format of version 0.1. */
  old?: OldHolder;
}

export interface Ranks {
  rank: number;
  size: number;
}

/** A new record of this process, in the state `wants`. */
export function newHolder({ rank, size }: Ranks): Holder {
  return {
    state: 'wants',
    beat: beatOf(0),
    token: randomBytes(16).toString('hex'),
    ...thisProcess(),
    rank,
    size,
    started: new Date().toISOString(),
  };
}

/**
 * Writes the count with a fixed number of digits, so that the length of the file never changes.
 */
export function beatOf(count: number): string {
  return String(count).padStart(12, '0');
}

/** State and beat come first, so that one short write at the start of the file rewrites both. */
export function formatHolder({ state, beat, ...rest }: Holder): string {
  return `${JSON.stringify({ state, beat, ...rest })}\n`;
}

export function lockName({ rank, token }: Holder): string {
  return `rank-${rank}.${token}.json`;
}

export function parseEntry(entry: Entry): Found {
  let value: unknown;
  try {
    value = JSON.parse(entry.text);
  } catch {
    return entry;
  }
  const holder = holderSchema.safeParse(value).data;
  // A file that was copied or renamed by hand belongs to no process.
  if (holder) return entry.name === lockName(holder) ? { ...entry, holder } : entry;
  return { ...entry, old: oldHolderSchema.safeParse(value).data };
}

/** Ranks of one run share the lock; a file that cannot be read excludes everybody. */
export function excludes({ holder, old }: Found, { rank, size }: Ranks): boolean {
  const other = holder ?? old;
  return !other || other.size !== size || other.rank === rank;
}

/** Text like `process 17 on node-3 (rank 2 of 4)`. */
export function describe({ pid, host, rank, size }: Ranks & { pid: number; host: string }): string {
  return `process ${pid} on ${host}${size > 1 ? ` (rank ${rank} of ${size})` : ''}`;
}
