/**
 * How a lock is taken, so that there are never two holders and never none.
 *
 * Each process has a record of its own, with a random token in its name; nothing ever has that
 * name again. Taking goes in three steps:
 *
 *   1. clear    list the records; remove those of the dead; stop when a living one holds the lock
 *   2. publish  make our record, which says `wants`
 *   3. enter    list again, *after* publishing: when no record is there that excludes ours, say `holds`
 *
 * Never two. Let P and Q both hold the lock, and let P have published first. Q's last list began
 * after Q had published, so after P had, and P's record was there until its release: a list shows
 * every record that is there all the while. Q saw P's record and did not enter.
 *
 * A takeover cannot remove a fresh lock: it removes a record by its name, and a fresh lock has
 * another one. However long a process sleeps between judging a record dead and removing it, what
 * it removes is what it judged, or nothing. Who is killed at any moment leaves a record that the
 * next one judges.
 *
 * Never none. Two that want the lock see each other, or one does not see the other and enters. Of
 * those that see each other the one with the smallest token stays; every other withdraws its record
 * and goes back to step 1, where it waits for the outcome. The smallest enters when they are gone.
 *
 * A holder that lives and was judged dead all the same, because it was silent for too long, finds
 * its record gone: see `Lock.check`.
 */
import type { Holder } from '../../schemas/lock.ts';
import { inUse, type Judge, type LockWait, type Verdict } from './judge.ts';
import { beatOf, excludes, type Found, formatHolder, lockName, parseEntry } from './record.ts';
import type { LockStore } from './store.ts';

/** How often others are looked at: those that are done in a moment, and those that are watched. */
const SOON_MS = 10;
const WATCH_MS = 500;

/** Looks at others that want the lock and do not get on; with waits of SOON_MS, half a minute. */
const MAX_LOOKS = 3_000;

export interface ClaimOptions {
  store: LockStore;
  judge: Judge;
  /** What is locked, as it is called in messages. */
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

/** Returns when nothing is in sight that excludes us. */
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

/** @returns false when another has to go first, or has taken our record for a dead one's */
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
    // Whoever watches us from elsewhere sees that we live.
    if (!(await rewrite(formatHolder({ ...self, beat: beatOf(beat) })))) return false;
    await sleep(SOON_MS);
  }
}

/** What excludes us now; records of the dead are removed on the way. */
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
