/**
 * Keeps bytes of files in memory up to a limit; those used last stay. The memory of what goes is used
 * for what comes: fresh memory costs as much as reading into it.
 */

import type { RowGroupPlace } from './row-group-place.ts';

/**
 * Bytes of row groups for a loader: two windows of 16 row groups of about 1 MB, the current one and the
 * beginning of the next.
 */
const GROUPS = 32 * 2 ** 20;

/** Sizes are rounded up to a multiple, so that memory fits the next bytes of about the same size. */
const STEP = 1 << 16;
/** Memory that waits for its next use; more than this is left to the garbage collector. */
const MOST_FREE = 4;

interface Entry {
  memory: Buffer;
  bytes: Promise<Buffer>;
  /** The same once they are here. */
  loaded?: Buffer;
  length: number;
  /** Who reads the bytes now; the read from the file is one of them. */
  users: number;
  isKept: boolean;
}

export class KeptBytes<Key> {
  /** In bytes. */
  readonly capacity: number;
  readonly #entries = new Map<Key, Entry>();
  readonly #free: Buffer[] = [];
  #total = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /**
   * @param read gets the `length` bytes, if they are not kept: into the given memory, or into its own
   * @param work uses the bytes before it returns; afterwards they may become others
   */
  async use<T>(
    key: Key,
    length: number,
    read: (into: Buffer) => Promise<Buffer>,
    work: (bytes: Buffer) => T,
  ): Promise<T> {
    let entry = this.#entries.get(key);
    if (entry) this.#entries.delete(key);
    else entry = this.#begin(key, length, read);
    // At the end: the first entry of the map is the least recently used.
    this.#entries.set(key, entry);
    entry.users++;
    while (this.#total > this.capacity && this.#entries.size > 1) {
      this.#forget(this.#entries.keys().next().value!);
    }
    try {
      return work(await entry.bytes);
    } finally {
      this.#leave(entry);
    }
  }

  /** The bytes if they are here already, to be used before anything is awaited. */
  peek(key: Key): Buffer | undefined {
    const entry = this.#entries.get(key);
    if (!entry?.loaded) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.loaded;
  }

  #begin(key: Key, length: number, read: (into: Buffer) => Promise<Buffer>): Entry {
    const memory = this.#memoryOf(length);
    const entry: Entry = { memory, bytes: read(memory), length, users: 1, isKept: true };
    entry.bytes.then(
      (bytes) => {
        entry.loaded = bytes;
        this.#leave(entry);
      },
      () => {
        if (this.#entries.get(key) === entry) this.#forget(key);
        // What failed may still write into its memory.
      },
    );
    this.#total += length;
    return entry;
  }

  #memoryOf(length: number): Buffer {
    const fitting = this.#free.findIndex((memory) => memory.length >= length);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0];
    return Buffer.allocUnsafeSlow(Math.ceil(length / STEP) * STEP);
  }

  #forget(key: Key): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#total -= entry.length;
    entry.isKept = false;
    if (entry.users === 0) this.#reuse(entry);
  }

  #leave(entry: Entry): void {
    entry.users--;
    if (entry.users === 0 && !entry.isKept) this.#reuse(entry);
  }

  #reuse({ memory }: Entry): void {
    if (this.#free.length === MOST_FREE) this.#free.shift();
    this.#free.push(memory);
  }
}

/**
 * Row groups while they belong to the current window of the shuffled order. A loader that takes single
 * rows from many groups thus reads each group once instead of each row separately, which would cost more
 * than unpacking it.
 */
export class GroupCache extends KeptBytes<RowGroupPlace> {
  constructor() {
    super(GROUPS);
  }
}
