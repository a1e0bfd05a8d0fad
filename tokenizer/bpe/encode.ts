/**
 * Bytes to token ids with exact BPE semantics: the pair of the lowest rank is merged
 * first, everywhere, leftmost first; `aaa` becomes `aa a`.
 *
 * The token of a merge can only be part of merges that were learned after it. So the
 * ranks are walked upward once: each has a queue of the places where its pair was seen,
 * and whatever a merge brings together belongs to a later queue. A queue is filled while
 * one single rank is being merged, left to right, so it is in order without sorting.
 */
import type { Merge } from './learn.ts';
import { PairMap } from './pairs.ts';
import { DEAD, SEPARATOR } from './text.ts';

/** Square tables of 2-byte cells up to this many ids: 8 MiB, about a level-3 cache. */
const DENSE_IDS = 2048;
/** Scratch memory of a longer document is given back after use. Bytes of the document. */
const KEEP_SCRATCH = 1 << 20;
const NONE = -1;

export class BpeEncoder {
  private readonly ids: number;
  private readonly left: Uint16Array;
  private readonly right: Uint16Array;
  private readonly lengths: Int32Array;
  /** Merged id of two bytes, [256 * 256]; 0 when they do not merge. */
  private readonly bytePairs = new Uint16Array(1 << 16);
  private readonly dense: Uint16Array | undefined;
  private readonly sparse: PairMap | undefined;
  /** First and last entry of each rank's queue. */
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;
  private cells = new Uint16Array(0);
  private entryPositions = new Int32Array(0);
  private entryNexts = new Int32Array(0);
  private entries = 0;

  /** @param merges each names only bytes and earlier merges, and no pair twice */
  constructor(merges: readonly Merge[]) {
    this.ids = 256 + merges.length;
    this.left = new Uint16Array(this.ids);
    this.right = new Uint16Array(this.ids);
    this.lengths = new Int32Array(this.ids).fill(1, 0, 256);
    this.heads = new Int32Array(this.ids).fill(NONE);
    this.tails = new Int32Array(this.ids);
    if (this.ids <= DENSE_IDS) this.dense = new Uint16Array(this.ids * this.ids);
    else this.sparse = new PairMap(this.ids);
    merges.forEach(([left, right], rank) => {
      const id = 256 + rank;
      this.left[id] = left;
      this.right[id] = right;
      this.lengths[id] = this.lengths[left] + this.lengths[right];
      if (left < 256 && right < 256) this.bytePairs[(left << 8) | right] = id;
      if (this.dense) this.dense[left * this.ids + right] = id;
      else this.sparse!.add(left, right, id);
    });
  }

  /** @returns ids 0..255 for bytes, 256 + rank for merged tokens */
  encode(bytes: Uint8Array): Uint16Array {
    this.open(bytes);
    let tokens = bytes.length;
    if (this.entries > 0) {
      for (let id = 256; id < this.ids; id++) {
        if (this.heads[id] !== NONE) tokens -= this.mergeAll(id);
      }
    }
    const result = this.collect(bytes.length, tokens);
    if (bytes.length > KEEP_SCRATCH) this.reserve(0);
    return result;
  }

  /** Lays out the bytes as cells (see text.ts) and queues the pairs of bytes. */
  private open(bytes: Uint8Array): void {
    const { bytePairs } = this;
    if (this.cells.length < bytes.length + 2) this.reserve(bytes.length);
    const { cells } = this;
    this.entries = 0;
    cells[0] = SEPARATOR;
    let pair = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      cells[i + 1] = byte;
      pair = ((pair << 8) | byte) & 0xffff;
      const id = bytePairs[pair];
      if (id !== 0 && i > 0) this.enqueue(id, i);
    }
    cells[bytes.length + 1] = SEPARATOR;
  }

  private mergeAll(id: number): number {
    const { cells, lengths, ids, dense, sparse } = this;
    const left = this.left[id];
    const right = this.right[id];
    const leftLength = lengths[left];
    const rightLength = lengths[right];
    let merged = 0;
    for (let entry = this.heads[id]; entry !== NONE; entry = this.entryNexts[entry]) {
      const start = this.entryPositions[entry];
      const middle = start + leftLength;
      if (cells[start] !== left || cells[middle] !== right) continue;
      const end = middle + rightLength;
      cells[middle] = DEAD;
      cells[start] = id;
      cells[end - 1] = id;
      merged++;
      const previous = cells[start - 1];
      if (previous !== SEPARATOR) {
        const pairId = dense ? dense[previous * ids + id] : sparse!.get(previous, id);
        if (pairId !== 0) this.enqueue(pairId, start - lengths[previous]);
      }
      const next = cells[end];
      if (next !== SEPARATOR) {
        const pairId = dense ? dense[id * ids + next] : sparse!.get(id, next);
        if (pairId !== 0) this.enqueue(pairId, start);
      }
    }
    this.heads[id] = NONE;
    return merged;
  }

  private enqueue(id: number, position: number): void {
    const entry = this.entries++;
    if (entry === this.entryPositions.length) this.growEntries();
    this.entryPositions[entry] = position;
    this.entryNexts[entry] = NONE;
    if (this.heads[id] === NONE) this.heads[id] = entry;
    else this.entryNexts[this.tails[id]] = entry;
    this.tails[id] = entry;
  }

  private collect(bytes: number, tokens: number): Uint16Array {
    const { cells, lengths } = this;
    const result = new Uint16Array(tokens);
    for (let i = 1, n = 0; i <= bytes; n++) {
      const id = cells[i];
      result[n] = id;
      i += lengths[id];
    }
    return result;
  }

  private reserve(bytes: number): void {
    this.cells = new Uint16Array(bytes + 2);
    this.entryPositions = new Int32Array(bytes);
    this.entryNexts = new Int32Array(bytes);
  }

  private growEntries(): void {
    const length = Math.max(64, this.entryPositions.length * 2);
    const positions = new Int32Array(length);
    positions.set(this.entryPositions);
    this.entryPositions = positions;
    const nexts = new Int32Array(length);
    nexts.set(this.entryNexts);
    this.entryNexts = nexts;
  }
}
