/** Judges a record of a lock: a living holder, a dead one, or one that has to be watched. */
import { CodecLmError } from '../error.ts';
import { type Life, lifeOf } from './process.ts';
import { describe, type Found } from './record.ts';
import type { LockStore } from './store.ts';

/**
 * A holder beats every 3 s; one that misses ten beats is dead. With a shorter limit, a stalled disk
 * or a swapping machine would look like a death. A network share may report attributes that are up
 * to 60 s old, but every look here opens the file and sees the current ones.
 */
export const BEAT_MS = 3_000;
export const STALE_MS = 30_000;

/** Version 0.1 ignored a lock that had not been touched for this time. */
export const OLD_STALE_MS = 90_000;

/** Reported while a holder that cannot be seen from here is watched. */
export interface LockWait {
  /** Description of the holder, for people. */
  who: string;
  path: string;
  /** How long its heartbeat has been silent, and how long that must last, in milliseconds. */
  silentMs: number;
  staleMs: number;
}

export type Verdict =
  | { is: 'holding' }
  /** It wants the lock too; that state ends soon. */
  | { is: 'wanting' }
  | { is: 'dying' }
  | { is: 'dead' }
  | { is: 'silent'; wait: LockWait }
  | { is: 'old' };

export interface JudgeOptions {
  store: LockStore;
  staleMs: number;
  /** Tests replace it. */
  life?: (found: NonNullable<Found['holder']>) => Life;
  /** Monotonic clock, milliseconds. */
  now?: () => number;
}

/**
 * Remembers the text that each record had when it was first seen. Silence is the time, on our own
 * monotonic clock, in which a record did not change. Clocks that jump or differ therefore decide
 * nothing.
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
    // If the system cannot end a process for that long, it will not end it soon: the lock counts
    // as held.
    if (life === 'dying') return silentMs < this.#staleMs ? { is: 'dying' } : active;
    if (silentMs >= this.#staleMs) return { is: 'dead' };
    return { is: 'silent', wait: this.#wait(found, silentMs) };
  }

  /**
   * @returns milliseconds of silence; undefined when the record has changed since it was first seen
   */
  #silence({ name, text, modified, holder }: Found): number | undefined {
    // A holder lives when its beat count goes on; anyone can set the times of a file.
    const content = holder ? text : `${text}${modified}`;
    const before = this.#seen.get(name);
    if (!before) this.#seen.set(name, { content, since: this.#now() });
    if (before && before.content !== content) {
      // Watch it anew from now on: a holder that changed once may die later.
      this.#seen.set(name, { content, since: this.#now() });
      return undefined;
    }
    return before ? this.#now() - before.since : 0;
  }

  #wait({ name, holder }: Found, silentMs: number): LockWait {
    const who = holder ? describe(holder) : 'an unknown process';
    return { who, path: this.#store.pathOf(name), silentMs, staleMs: this.#staleMs };
  }

  /** Both times come from the storage's clock. */
  async #isOldDead({ modified }: Found): Promise<boolean> {
    return (await this.#store.now()) - modified > OLD_STALE_MS;
  }
}

/** @param what name of the locked thing in messages */
export function inUse({ name, holder, old }: Found, what: string, store: LockStore): CodecLmError {
  const path = store.pathOf(name);
  const who = holder ?? old;
  const hint = old
    ? `an earlier version of codec-lm made ${path}: it expires when it has not been touched for ${OLD_STALE_MS / 1000} s; remove it if you are sure that its process is gone`
    : 'wait until it ends, or stop it';
  return new CodecLmError(
    'OUTPUT_IN_USE',
    `${who ? describe(who) : 'another process'} is writing ${what}`,
    { path, hint },
  );
}
