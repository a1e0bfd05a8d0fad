/**
 * Encodes bytes as token ids with exact BPE semantics: the pair of the lowest rank is merged first,
 * everywhere, leftmost first; `aaa` becomes `aa a`.
 *
 * The token of a merge can only be part of merges that were learned after it. So one ascending pass
 * over the ranks is enough. Each rank has a queue of the places where its pair was seen, and a pair
 * that a merge creates belongs to a later queue. A queue is filled while a single rank is merged,
 * from left to right, so it is in order without sorting.
 *
 * For speed, the loops use local variables, write before they branch (a branch misprediction costs
 * more than a step), and end their sums in `| 0`, without which V8 computes some of them as
 * floating-point numbers.
 */

import { DEAD, SEPARATOR } from '../files/text.ts';
import type { Merge } from '../learn/learn.ts';
import { PairMap } from '../learn/pairs.ts';

/**
 * Up to this many ids, square tables of 2-byte cells are used: 8 MiB, about the size of a level-3
 * cache.
 */
const DENSE_IDS = 2048;
/**
 * Largest document, in bytes, whose scratch memory is kept; that of a longer one is freed after
 * use.
 */
const KEEP_SCRATCH = 1 << 20;

export class QueueEncoder {
  readonly #ids: number;
  readonly #left: Uint16Array;
  readonly #right: Uint16Array;
  readonly #lengths: Int32Array;
  /** Merged id of two bytes, [256 * 256]; 0 when they do not merge. */
  readonly #bytePairs = new Uint16Array(1 << 16);
  readonly #dense: Uint16Array;
  readonly #sparse: PairMap | undefined;
  /** Last entry of the queue of each id. */
  readonly #tails: Int32Array;
  /**
   * Cells as in text.ts, but the id at the last cell of a token is in a separate array. So all
   * cells of a token but the first are dead, and the live cells are the tokens.
   */
  #cells = new Uint16Array(0);
  #ends = new Uint16Array(0);
  /**
   * Entries of the queues: the cell at which a pair begins, and the next entry. Entry `id` is not a
   * place but the head of the queue of `id`; the queue is empty when its head is its tail.
   */
  #places = new Int32Array(0);
  #nexts = new Int32Array(0);
  #entries = 0;
  /** Merged id of each entry made from bytes. */
  #pairs = new Uint16Array(0);

  /** @param merges each merge names only bytes and earlier merges; no pair occurs twice */
  constructor(merges: readonly Merge[]) {
    this.#ids = 256 + merges.length;
    this.#left = new Uint16Array(this.#ids);
    this.#right = new Uint16Array(this.#ids);
    this.#lengths = new Int32Array(this.#ids).fill(1, 0, 256);
    this.#tails = new Int32Array(this.#ids).map((_, id) => id);
    const isDense = this.#ids <= DENSE_IDS;
    this.#dense = new Uint16Array(isDense ? this.#ids * this.#ids : 0);
    this.#sparse = isDense ? undefined : new PairMap(this.#ids);
    merges.forEach(([left, right], rank) => {
      const id = 256 + rank;
      this.#left[id] = left;
      this.#right[id] = right;
      this.#lengths[id] = this.#lengths[left] + this.#lengths[right];
      if (left < 256 && right < 256) this.#bytePairs[(left << 8) | right] = id;
      if (isDense) this.#dense[left * this.#ids + right] = id;
      else this.#sparse!.add(left, right, id);
    });
  }

  /** @returns ids 0..255 for bytes, 256 + rank for merged tokens */
  encode(bytes: Uint8Array): Uint16Array {
    if (this.#cells.length < bytes.length + 2) this.#reserve(bytes.length);
    this.#queueBytes(bytes);
    let tokens = bytes.length;
    for (let id = 256; id < this.#ids; id++) {
      if (this.#tails[id] !== id) tokens -= this.#mergeAll(id);
    }
    const result = this.#collect(tokens);
    if (bytes.length > KEEP_SCRATCH) this.#reserve(0);
    return result;
  }

  /** Lays out the bytes as cells (see text.ts) and queues the pairs of bytes. */
  #queueBytes(bytes: Uint8Array): void {
    const bytePairs = this.#bytePairs;
    const cells = this.#cells;
    const places = this.#places;
    const nexts = this.#nexts;
    const tails = this.#tails;
    const ends = this.#ends;
    const pairs = this.#pairs;
    const length = bytes.length | 0;
    cells.set(bytes, 1);
    ends.set(bytes, 1);
    ends[0] = SEPARATOR;
    cells[length + 1] = SEPARATOR;
    const first = this.#ids;
    let entry = first;
    let left = length > 0 ? bytes[0] : 0;
    for (let i = 1; i < length; i = (i + 1) | 0) {
      const right = bytes[i];
      const id = bytePairs[(left << 8) | right];
      left = right;
      // Always write, and advance only if the pair merges.
      places[entry] = i;
      pairs[entry] = id;
      entry = (entry + ((id + 0xffff) >>> 16)) | 0;
    }
    for (let i = first; i < entry; i = (i + 1) | 0) {
      const id = pairs[i];
      nexts[tails[id]] = i;
      tails[id] = i;
    }
    this.#entries = entry;
  }

  /** Merges every pair in the queue of this id that still exists. @returns their number */
  #mergeAll(id: number): number {
    const cells = this.#cells;
    const ends = this.#ends;
    const lengths = this.#lengths;
    const ids = this.#ids;
    const dense = this.#dense;
    const sparse = this.#sparse;
    const tails = this.#tails;
    const left = this.#left[id];
    const right = this.#right[id];
    const leftLength = lengths[left];
    const pairLength = lengths[id];
    const last = tails[id];
    let places = this.#places;
    let nexts = this.#nexts;
    let entries = this.#entries;
    let merged = 0;
    for (let at = id; at !== last; ) {
      at = nexts[at];
      const start = places[at];
      const middle = (start + leftLength) | 0;
      if (cells[start] !== left || cells[middle] !== right) continue;
      const end = (start + pairLength) | 0;
      cells[middle] = DEAD;
      cells[start] = id;
      ends[end - 1] = id;
      merged++;
      if (entries + 2 > places.length) {
        this.#growEntries();
        places = this.#places;
        nexts = this.#nexts;
      }
      const previous = ends[start - 1];
      if (previous !== SEPARATOR) {
        const pair = sparse ? sparse.get(previous, id) : dense[previous * ids + id];
        if (pair !== 0) {
          places[entries] = start - lengths[previous];
          nexts[tails[pair]] = entries;
          tails[pair] = entries++;
        }
      }
      const next = cells[end];
      if (next !== SEPARATOR) {
        const pair = sparse ? sparse.get(id, next) : dense[id * ids + next];
        if (pair !== 0) {
          places[entries] = start;
          nexts[tails[pair]] = entries;
          tails[pair] = entries++;
        }
      }
    }
    tails[id] = id;
    this.#entries = entries;
    return merged;
  }

  #collect(tokens: number): Uint16Array {
    const cells = this.#cells;
    const result = new Uint16Array(tokens);
    for (let i = 1, n = 0; n < tokens; i = (i + 1) | 0) {
      const id = cells[i];
      result[n] = id;
      n = (n + 1 - ((id + 1) >>> 16)) | 0;
    }
    return result;
  }

  #reserve(bytes: number): void {
    this.#cells = new Uint16Array(bytes + 2);
    this.#ends = new Uint16Array(bytes + 2);
    this.#pairs = new Uint16Array(this.#ids + bytes);
    this.#places = new Int32Array(this.#ids + bytes);
    this.#nexts = new Int32Array(this.#ids + bytes);
  }

  #growEntries(): void {
    const length = this.#places.length * 2;
    const places = new Int32Array(length);
    places.set(this.#places);
    this.#places = places;
    const nexts = new Int32Array(length);
    nexts.set(this.#nexts);
    this.#nexts = nexts;
  }
}
