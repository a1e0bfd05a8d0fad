/** What stands in the way of a lock: a living holder, one that is gone, or one that has to be watched. */
import { CodecLmError } from '../error.ts';
import { type Life, lifeOf } from './process.ts';
import { describe, type Found } from './record.ts';
import type { LockStore } from './store.ts';

/**
 * A holder beats every 3 s; one that misses ten beats is dead. Shorter, and a disk that stalls or a
 * machine that swaps would look like a death. A network share may show attributes that are up to
 * 60 s old, but not to who opens the file, as every look here does.
 */
export const BEAT_MS = 3_000;
export const STALE_MS = 30_000;

/** Version 0.1 forgot a lock that had not been touched for so long. */
export const OLD_STALE_MS = 90_000;

/** A holder that cannot be seen from here is being watched. */
export interface LockWait {
  /** Who it is, for people. */
  who: string;
  path: string;
  /** How long its heartbeat has been silent, and how long it has to be. */
  silentMs: number;
  staleMs: number;
}

export type Verdict =
  | { is: 'holding' }
  /** It wants the lock too: that is over soon. */
  | { is: 'wanting' }
  | { is: 'dying' }
  | { is: 'dead' }
  | { is: 'silent'; wait: LockWait }
  | { is: 'old' };

export interface JudgeOptions {
  store: LockStore;
  staleMs: number;
  /** Replaced in tests. */
  life?: (found: NonNullable<Found['holder']>) => Life;
  /** Monotonic clock, milliseconds. */
  now?: () => number;
}

/**
 * Remembers what each record said when it was first seen. Silence is time on our own monotonic
 * clock in which a record did not change, so clocks that jump or differ decide nothing.
 */
export class Judge {
  readonly #store: LockStore;
  readonly #staleMs: number;
  readonly #life: NonNullable<JudgeOptions['life']>;
  readonly #now: () => number;
  readonly #seen = new Map<string, { content: string; since: number }>();

  constructor({ store, staleMs, life = lifeOf, now = () => performance.now() }: JudgeOptions) {
    this.#store = store;
    this.#staleMs = staleMs;
    this.#life = life;
    this.#now = now;
  }

  async judge(found: Found): Promise<Verdict> {
    const { holder, old } = found;
    if (old) return (await this.#isOldDead(found)) ? { is: 'dead' } : { is: 'old' };
    const active = { is: holder?.state === 'wants' ? 'wanting' : 'holding' } as const;
    const life = holder ? this.#life(holder) : 'unknown';
    if (life === 'dead') return { is: 'dead' };
    if (life === 'alive') return active;
    const silentMs = this.#silence(found);
    if (silentMs === undefined) return active;
    // A system that cannot end a process for so long will not do so soon: it is held.
    if (life === 'dying') return silentMs < this.#staleMs ? { is: 'dying' } : active;
    if (silentMs >= this.#staleMs) return { is: 'dead' };
    return { is: 'silent', wait: this.#wait(found, silentMs) };
  }

  /** @returns undefined when the record has changed since it was first seen */
  #silence({ name, text, modified, holder }: Found): number | undefined {
    // A holder lives when its count goes on; times of files can be set by anyone.
    const content = holder ? text : `${text}${modified}`;
    const before = this.#seen.get(name);
    if (!before) this.#seen.set(name, { content, since: this.#now() });
    if (before && before.content !== content) {
      // From here on it is watched anew: a holder that changed once may die later.
      this.#seen.set(name, { content, since: this.#now() });
      return undefined;
    }
    return before ? this.#now() - before.since : 0;
  }

  #wait({ name, holder }: Found, silentMs: number): LockWait {
    const who = holder ? describe(holder) : 'an unknown process';
    return { who, path: this.#store.pathOf(name), silentMs, staleMs: this.#staleMs };
  }

  /** Both times are the storage's. */
  async #isOldDead({ modified }: Found): Promise<boolean> {
    return (await this.#store.now()) - modified > OLD_STALE_MS;
  }
}

/** @param what is being written, as it is called in messages */
export function inUse({ name, holder, old }: Found, what: string, store: LockStore): CodecLmError {
  const path = store.pathOf(name);
  const who = holder ?? old;
  const hint = old
    ? `an earlier version of codec-lm made ${path}: it is forgotten when it was not touched for ${OLD_STALE_MS / 1000} s; if its process is gone for sure, remove it`
    : 'wait for its end or stop it';
  return new CodecLmError(
    'OUTPUT_IN_USE',
    `${who ? describe(who) : 'another process'} is writing ${what}`,
    { path, hint },
  );
}
