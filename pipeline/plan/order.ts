/**
 * Computes the order of the plan for tens of millions of inputs in little memory.
 *
 * Inputs are shuffled by sorting them by a hash of the seed and their name: the order does not
 * depend on the order in which the disk lists them, nor on the place of the corpus. Names stay on
 * the disk; an input takes 22 bytes of memory (30 when duplicates are searched).
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { writeError } from '../../base/file-error.ts';

const CHUNK = 1 << 20;
const FLUSH_BYTES = 1 << 20;
/** Buckets of the radix pass: inputs are grouped by the top 16 bits of their hash. */
const BUCKETS = 1 << 16;

/** A growing array of uint32 that never copies its content. */
class Numbers {
  readonly #chunks: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    if (this.length % CHUNK === 0) this.#chunks.push(new Uint32Array(CHUNK));
    this.#chunks[this.#chunks.length - 1][this.length++ % CHUNK] = value;
  }

  at(index: number): number {
    return this.#chunks[Math.floor(index / CHUNK)][index % CHUNK];
  }
}

/** Hashes of 64 bits, as two columns. */
class Keys {
  readonly high = new Numbers();
  readonly low = new Numbers();

  push(text: string): void {
    const digest = createHash('sha256').update(text, 'latin1').digest();
    this.high.push(digest.readUInt32LE(0));
    this.low.push(digest.readUInt32LE(4));
  }
}

/** A file of lines that are read again in another order. */
export class Spool {
  readonly #path: string;
  readonly #file: number;
  readonly #orderKeys = new Keys();
  #identities: Keys | undefined;
  #lengths = new Numbers();
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @param options.findDuplicates whether an input may occur twice */
  constructor(path: string, { findDuplicates }: { findDuplicates: boolean }) {
    this.#path = path;
    this.#identities = findDuplicates ? new Keys() : undefined;
    try {
      this.#file = openSync(path, 'w+');
    } catch (error) {
      throw writeError(error, path);
    }
  }

  get length(): number {
    return this.#lengths.length;
  }

  /**
   * @param orderKey text whose hash determines the place of the line
   * @param identity text that is equal for lines of the same input
   */
  add(line: string, orderKey: string, identity: string): void {
    const bytes = Buffer.from(line, 'utf8');
    this.#orderKeys.push(orderKey);
    this.#identities?.push(identity);
    this.#lengths.push(bytes.length);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= FLUSH_BYTES) this.#flush();
  }

  /**
   * Sorts the lines by their keys and keeps one line per identity. Nothing can be added afterwards.
   * Memory is freed as soon as a step no longer needs it.
   * @param onDuplicate called with each line that is dropped, and the one that is kept; may throw
   */
  finish(onDuplicate?: (kept: string, dropped: string) => void): {
    count: number;
    duplicates: number;
    lines: Generator<string>;
  } {
    this.#flush();
    const { length } = this;
    const offsets = this.#offsets();
    this.#lengths = new Numbers();
    const read = (index: number) => this.#read(offsets[index], offsets[index + 1] - offsets[index]);
    const dropped = this.#identities
      ? findDuplicates(this.#identities, read, onDuplicate)
      : undefined;
    this.#identities = undefined;
    const duplicates = dropped?.reduce((sum, flag) => sum + flag, 0) ?? 0;
    const order = sortByKey(this.#orderKeys, read);
    const lines = function* () {
      for (const index of order) if (!dropped?.[index]) yield read(index);
    };
    return { count: length - duplicates, duplicates, lines: lines() };
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  /** Offset of each line, and the end of the last one. */
  #offsets(): Float64Array {
    const offsets = new Float64Array(this.length + 1);
    for (let i = 1; i < offsets.length; i++) offsets[i] = offsets[i - 1] + this.#lengths.at(i - 1);
    return offsets;
  }

  #read(offset: number, length: number): string {
    const buffer = Buffer.allocUnsafe(length);
    readSync(this.#file, buffer, 0, length, offset);
    return buffer.toString('utf8');
  }

  #flush(): void {
    const block = Buffer.concat(this.#pending);
    try {
      for (let done = 0; done < block.length; ) done += writeSync(this.#file, block, done);
    } catch (error) {
      throw writeError(error, this.#path);
    }
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}

/** Marks duplicates: for each identity, all inputs except the one with the smallest line. */
function findDuplicates(
  identities: Keys,
  read: (index: number) => string,
  onDuplicate?: (kept: string, dropped: string) => void,
): Uint8Array {
  const order = sortByKey(identities, read);
  const dropped = new Uint8Array(order.length);
  let kept = 0;
  for (let i = 1; i < order.length; i++) {
    if (compareKeys(identities, order[i - 1], order[i]) !== 0) {
      kept = i;
      continue;
    }
    dropped[order[i]] = 1;
    onDuplicate?.(read(order[kept]), read(order[i]));
  }
  return dropped;
}

function compareKeys({ high, low }: Keys, a: number, b: number): number {
  return high.at(a) - high.at(b) || low.at(a) - low.at(b);
}

/**
 * Indices in the order of their keys; lines break ties. It distributes keys into buckets, then
 * sorts each bucket.
 */
function sortByKey(keys: Keys, read: (index: number) => string): Uint32Array {
  const { length } = keys.high;
  const bucketOf = (index: number) => keys.high.at(index) >>> 16;
  const ends = new Uint32Array(BUCKETS);
  for (let i = 0; i < length; i++) ends[bucketOf(i)]++;
  for (let b = 1; b < BUCKETS; b++) ends[b] += ends[b - 1];
  const starts = new Uint32Array(BUCKETS);
  starts.set(ends.subarray(0, BUCKETS - 1), 1);
  const order = new Uint32Array(length);
  const next = starts.slice();
  for (let i = 0; i < length; i++) order[next[bucketOf(i)]++] = i;
  for (let b = 0; b < BUCKETS; b++) {
    if (ends[b] - starts[b] < 2) continue;
    order
      .subarray(starts[b], ends[b])
      .sort((x, y) => compareKeys(keys, x, y) || (read(x) < read(y) ? -1 : 1));
  }
  return order;
}
