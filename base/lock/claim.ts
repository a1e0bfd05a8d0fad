/**
 * Takes a lock, so that there are never two holders and never none.
 *
 * Each process has a record of its own, with a random token in its name; nothing ever has that
 * name again. Taking goes in three steps:
 *
 *   1. clear    list the records; remove those of the dead; stop when a living one holds the lock
 *   2. publish  make our record, which says `wants`
 *   3. enter    list again, *after* publishing: when no record is there that excludes ours, say `holds`
 *
 * Never two holders. Let P and Q both hold the lock, and let P have published first. Q's last list
 * began after Q had published, so after P had, and P's record was there until its release: a list
 * shows every record that is there all the while. Q saw P's record and did not enter.
 *
 * A takeover cannot remove a fresh lock: it removes a record by its name, and a fresh lock has
 * another one. However long a process sleeps between judging a record dead and removing it, what it
 * removes is what it judged, or nothing. A process that is killed at any moment leaves a record
 * that the next process judges.
 *
 * Never none. Two processes that want the lock see each other, or one does not see the other and
 * enters. Among processes that see each other, the one with the smallest token stays; every other
 * process withdraws its record and goes back to step 1, where it waits for the outcome. The one
 * with the smallest token enters when the others are gone.
 *
 * A living holder can be judged dead because it was silent for too long. It then finds its record
 * gone: see `Lock.check`.
 */
import type { Holder } from '../../schemas/lock.ts';
import { inUse, type Judge, type LockWait, type Verdict } from './judge.ts';
import { beatOf, excludes, type Found, formatHolder, lockName, parseEntry } from './record.ts';
import type { LockStore } from './store.ts';

/**
 * Intervals for looking at other records: short for states that pass quickly, long for holders that
 * are watched.
 */
const SOON_MS = 10;
const WATCH_MS = 500;

/**
 * Limit of looks at a process that wants the lock and makes no progress: half a minute at SOON_MS.
 */
const MAX_LOOKS = 3_000;

export interface ClaimOptions {
  store: LockStore;
  judge: Judge;
  /** Name of the locked thing in messages. */
  what: string;
  sleep: (ms: number) => Promise<void>;
  onWait?: (wait: LockWait) => void;
}

interface Other {
  found: Found;
  verdict: Verdict;
}

/**
 * @param newHolder makes a record that wants the lock, each time with a token that was never used
 * @returns the record that holds it
 * @throws CodecLmError `OUTPUT_IN_USE` when a living process has it
 */
export async function claim(newHolder: () => Holder, options: ClaimOptions): Promise<Holder> {
  const { store } = options;
  for (let tried = 1; ; tried++) {
    const self = newHolder();
    await clear(self, options);
    await store.publish(lockName(self), formatHolder(self));
    let isIn = false;
    try {
      isIn = await enter(self, options, tried);
      if (isIn) return { ...self, state: 'holds' };
    } finally {
      if (!isIn) await store.remove(lockName(self));
    }
  }
}

/** Returns when no record excludes ours. */
async function clear(self: Holder, options: ClaimOptions): Promise<void> {
  const { store, sleep, onWait, what } = options;
  for (let looked = 1; ; looked++) {
    const others = await look(self, options);
    if (others.length === 0) return;
    let pause = WATCH_MS;
    for (const { found, verdict } of others) {
      if (isFinal(verdict) || looked === MAX_LOOKS) throw inUse(found, what, store);
      if (verdict.is === 'silent') onWait?.(verdict.wait);
      else pause = SOON_MS;
    }
    await sleep(pause);
  }
}

/**
 * @returns false when another process has to go first, or has removed our record as a dead one's
 */
async function enter(self: Holder, options: ClaimOptions, tried: number): Promise<boolean> {
  const { store, sleep, what } = options;
  const rewrite = (text: string) => store.rewrite(lockName(self), self.token, text);
  for (let beat = 1; ; beat++) {
    const others = await look(self, options);
    if (others.length === 0) {
      const isThere = await rewrite(formatHolder({ ...self, state: 'holds' }));
      return isThere && (await store.holds(lockName(self), self.token));
    }
    for (const { found, verdict } of others) {
      if (isFinal(verdict) || tried === MAX_LOOKS) throw inUse(found, what, store);
      const isBehind = found.holder?.state === 'wants' && found.holder.token > self.token;
      if (!isBehind) return false;
    }
    // The new beat shows to processes on other machines that we live.
    if (!(await rewrite(formatHolder({ ...self, beat: beatOf(beat) })))) return false;
    await sleep(SOON_MS);
  }
}

/** The record that excludes ours now; removes the records of dead processes on the way. */
async function look(self: Holder, { store, judge }: ClaimOptions): Promise<Other[]> {
  const others: Other[] = [];
  for (const name of await store.list()) {
    if (name === lockName(self)) continue;
    const entry = await store.read(name);
    if (!entry) continue;
    const found = parseEntry(entry);
    const isInTheWay = excludes(found, self);
    const verdict = await judge.judge(found);
    if (verdict.is === 'dead') await store.remove(name);
    else if (isInTheWay) others.push({ found, verdict });
  }
  return others;
}

function isFinal({ is }: Verdict): boolean {
  return is === 'holding' || is === 'old';
}
