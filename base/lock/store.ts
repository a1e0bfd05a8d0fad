/**
 * What a lock needs of the place where it lies: a few operations on small records, each of whose
 * names is used once. A folder does them with renames and writes in place, object storage can with
 * conditional puts.
 */

export interface Entry {
  name: string;
  text: string;
  /** Milliseconds by the clock of the storage; never compared with a clock of ours. */
  modified: number;
}

export interface BeatOptions {
  token: string;
  everyMs: number;
  /** So long may writing the beat fail before the lock counts as lost. */
  staleMs: number;
  /** Told at most once; `reason` goes on a sentence that begins with the path. */
  onLost: (reason: string) => void;
}

export interface LockStore {
  /** For messages. */
  readonly place: string;
  /** Names of all records whose `publish` was over before the call and that were not removed before its end. */
  list(): Promise<string[]>;
  /** @returns undefined when it is gone */
  read(name: string): Promise<Entry | undefined>;
  /** Makes a record that nobody ever sees in part. */
  publish(name: string, text: string): Promise<void>;
  /**
   * Overwrites the record of a token by text of the same length.
   * @returns false when it is gone or another's: then nothing was written
   */
  rewrite(name: string, token: string, text: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Whether the record is there and has the token; sees what others did, whatever is cached. */
  holds(name: string, token: string): boolean | Promise<boolean>;
  /**
   * Counts up the beat of a record, reading its token each time, from a thread of its own.
   * @returns ends it
   */
  beat(name: string, options: BeatOptions): () => void;
  /** The storage's own clock, milliseconds. */
  now(): Promise<number>;
  /** Where a person finds a record. */
  pathOf(name: string): string;
  /** Removes what killed processes left half-made; no record. */
  tidy(): Promise<void>;
  /** Removes the place itself when nothing is left in it. */
  close(): Promise<void>;
  /** Removes a record that has the token while the process ends: nothing can be waited for. */
  removeAtExit(name: string, token: string): void;
}

/** Token of a record, without judging the rest of it. */
export function tokenIn(text: string): string | undefined {
  return /"token":"([0-9a-f]{32})"/.exec(text)?.[1];
}
