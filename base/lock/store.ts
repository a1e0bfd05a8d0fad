/**
 * The operations that a lock needs of its storage. They act on small records, and each record name
 * is used only once. A folder implements them with renames and writes in place, object storage with
 * conditional puts.
 */

export interface Entry {
  name: string;
  text: string;
  /** Milliseconds on the storage's clock; never compare them with a local clock. */
  modified: number;
}

export interface BeatOptions {
  token: string;
  everyMs: number;
  /** The lock counts as lost after writing the beat has failed for this many milliseconds. */
  staleMs: number;
  /** Called at most once; `reason` completes a sentence that begins with the path. */
  onLost: (reason: string) => void;
}

export interface LockStore {
  /** Path of the storage, for messages. */
  readonly place: string;
  /**
   * Names of the records that were published before the call and were not removed before it
   * returned.
   */
  list(): Promise<string[]>;
  /** @returns undefined when the record is gone */
  read(name: string): Promise<Entry | undefined>;
  /** Makes a record; nobody ever sees a part of it. */
  publish(name: string, text: string): Promise<void>;
  /**
   * Overwrites the record that has this token with a text of the same length.
   * @returns false when the record is gone or has another token; nothing was written then
   */
  rewrite(name: string, token: string, text: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /**
   * Whether the record exists and has the token; sees the changes of others in spite of caches.
   */
  holds(name: string, token: string): boolean | Promise<boolean>;
  /**
   * Increases the beat of a record at intervals from a separate thread, which reads the token each
   * time.
   * @returns a function that ends it
   */
  beat(name: string, options: BeatOptions): () => void;
  /** Time on the storage's clock, in milliseconds. */
  now(): Promise<number>;
  /** The path or address under which a person finds a record. */
  pathOf(name: string): string;
  /** Removes the drafts that killed processes left; never a record. */
  tidy(): Promise<void>;
  /** Removes the storage itself when it is empty. */
  close(): Promise<void>;
  /** Removes a record that has the token while the process exits; runs synchronously. */
  removeAtExit(name: string, token: string): void;
}

/** Reads the token of a record without checking the other fields. */
export function tokenIn(text: string): string | undefined {
  return /"token":"([0-9a-f]{32})"/.exec(text)?.[1];
}
