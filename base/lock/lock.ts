/**
 * The lock of a dataset or of a run: it admits one writer at a time. It is a folder with one file
 * for each holder. docs/locks.md states the guarantees, `claim.ts` proves them.
 */
import { setTimeout } from 'node:timers/promises';
import type { Holder } from '../../schemas/lock.ts';
import { CodecLmError } from '../error.ts';
import { claim } from './claim.ts';
import { BEAT_MS, Judge, type LockWait, STALE_MS } from './judge.ts';
import { lockStoreOf } from './object-store.ts';
import { lockName, newHolder, type Ranks } from './record.ts';
import type { LockStore } from './store.ts';

export type { LockWait } from './judge.ts';

export interface LockOptions extends Partial<Ranks> {
  /** The folder of the lock, or a prefix in object storage. `takeLock` makes it; the last holder removes it. */
  folder: string;
  /** Name of the locked thing in messages: `this dataset`. */
  what: string;
  /** Aborts the wait for a silent holder. */
  signal?: AbortSignal;
  /** Called twice per second while a holder that cannot be seen from here is watched. */
  onWait?: (wait: LockWait) => void;
  /**
   * Milliseconds between beats, and milliseconds of silence that count as death. All processes that
   * use a lock have to agree on them.
   */
  beatMs?: number;
  staleMs?: number;
}

/**
 * Takes the lock. Waits only for a silent holder that cannot be seen from here (on another machine
 * or in another container).
 * @throws CodecLmError `OUTPUT_IN_USE` when a living process has the lock; `INTERRUPTED` when the signal ends a wait; `OUTPUT_UNWRITABLE`, `DISK_FULL` …
 */
export async function takeLock(options: LockOptions): Promise<Lock> {
  const { folder, what, signal, onWait, rank = 0, size = 1 } = options;
  const { beatMs = BEAT_MS, staleMs = STALE_MS } = options;
  const store = lockStoreOf(folder);
  const judge = new Judge({ store, staleMs });
  const sleep = (ms: number) => sleepOrStop(ms, signal);
  const holder = await claim(() => newHolder({ rank, size }), {
    store,
    judge,
    what,
    onWait,
    sleep,
  });
  const lock = new Lock(store, holder, what, { beatMs, staleMs });
  await store.tidy();
  return lock;
}

async function sleepOrStop(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (cause) {
    throw new CodecLmError('INTERRUPTED', 'stopped while waiting for a lock', { cause });
  }
}

/** A lock that this process holds until it is released or lost. */
export class Lock {
  readonly holder: Holder;
  readonly #store: LockStore;
  readonly #name: string;
  readonly #what: string;
  readonly #lost = new AbortController();
  readonly #stopHeart: () => void;
  readonly #atExit = () => this.#store.removeAtExit(this.#name, this.holder.token);

  /** @internal made by `takeLock` */
  constructor(
    store: LockStore,
    holder: Holder,
    what: string,
    { beatMs, staleMs }: { beatMs: number; staleMs: number },
  ) {
    this.holder = holder;
    this.#store = store;
    this.#name = lockName(holder);
    this.#what = what;
    process.once('exit', this.#atExit);
    this.#stopHeart = store.beat(this.#name, {
      token: holder.token,
      everyMs: beatMs,
      staleMs,
      onLost: (reason) => this.#lose(reason),
    });
  }

  /** The path of this holder's file. */
  get path(): string {
    return this.#store.pathOf(this.#name);
  }

  /** Aborted when the lock is lost, with a CodecLmError `LOCK_LOST` as its reason. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Call it right before anything is committed. It reads the file, which takes a few microseconds,
   * and trusts no timer.
   * @throws CodecLmError `LOCK_LOST` when another process has taken the lock, or the file is gone
   */
  async check(): Promise<void> {
    this.signal.throwIfAborted();
    if (await this.#isOurs()) return;
    this.#lose('is gone');
    this.signal.throwIfAborted();
  }

  /** Removes our own file and no other. */
  async release(): Promise<void> {
    this.#stopHeart();
    process.off('exit', this.#atExit);
    if (await this.#isOurs()) await this.#store.remove(this.#name);
    await this.#store.close();
  }

  #lose(reason: string): void {
    if (this.signal.aborted) return;
    this.#stopHeart();
    this.#lost.abort(
      new CodecLmError('LOCK_LOST', `lost the lock of ${this.#what}: ${this.path} ${reason}`, {
        path: this.path,
        hint: 'another process may be writing here now; what was finished before is kept',
      }),
    );
  }

  async #isOurs(): Promise<boolean> {
    return this.#store.holds(this.#name, this.holder.token);
  }
}
