/**
 * Learns the merges of a byte-level BPE (Sennrich et al., 2016) over whole documents:
 * no pre-tokenization, so a pair may begin at any byte.
 *
 * Pairs are counted as Hugging Face tokenizers counts them: every two neighbours are one
 * occurrence, overlapping ones too (`aaa` holds `aa` twice), while merging takes the
 * leftmost first. The most frequent pair is merged; of equals, the smallest (left, right),
 * unless another tie rule is asked for.
 *
 * Two merges never give the same bytes: inside one span, the same merges are applied in
 * the same order whatever stands around it, so a string has one tokenization.
 *
 * Only pairs that are frequent enough to be merged soon are listed and queued: the counts of all
 * others are known, and counts only fall. When no listed pair is left, a lower threshold is set and
 * the text is scanned once more. So a merge touches only the places of its own pair. Most pairs of
 * bytes are never listed.
 */
import { CodecLmError } from '../../../base/error.ts';
import { countBytePairs, MAX_MERGES } from '../files/text.ts';
import { PairQueue, type QueuedPair } from '../queue/queue.ts';
import { checkLearningMemory } from './memory.ts';
import { layOut, listPairs } from './occurrences.ts';
import { PairMap } from './pairs.ts';
import { Replacement, type Side } from './replace.ts';
import { type TieRule, tieOrder } from './ties.ts';

/** Ids of the two tokens that are merged: 0..255 are bytes, 256 + i is the token of merge i. */
export type Merge = readonly [left: number, right: number];

export interface LearnOptions {
  /**
   * Pairs rarer than this are not merged. With 1, as in Hugging Face's BpeTrainer, merging goes on
   * as long as any two tokens are neighbours.
   */
  minFrequency?: number;
  /**
   * Decides which of two equally frequent pairs is merged first; default `ids`, as in Hugging Face.
   */
  ties?: TieRule;
  /** Bytes of memory that learning may use; default: the free memory of the machine. */
  memoryLimit?: number;
  /** Called after each merge with the number of merges so far and the count of the merged pair. */
  onMerge?: (done: number, frequency: number) => void;
}

/**
 * @returns `count` merges, or fewer when no remaining pair occurs `minFrequency` times
 * @throws CodecLmError `MEMORY_LIMIT` before it starts when the documents do not fit,
 *   `CONFIG_INVALID` when `count` is not an integer from 0 to 65,277
 */
export function learnMerges(
  documents: readonly Uint8Array[],
  count: number,
  options: LearnOptions = {},
): Merge[] {
  const { minFrequency = 1, ties = 'ids', onMerge } = options;
  if (!Number.isInteger(count) || count < 0 || count > MAX_MERGES) {
    throw new CodecLmError('CONFIG_INVALID', `merges must be 0 to ${MAX_MERGES}: ${count}`);
  }
  checkLearningMemory(documents, count, options.memoryLimit);
  const state = new LearningState(documents, count, ties, Math.max(1, minFrequency));
  const merges: Merge[] = [];
  while (merges.length < count) {
    const pair = state.mostFrequent();
    if (!pair) break;
    state.merge(pair, 256 + merges.length);
    merges.push([pair.left, pair.right]);
    onMerge?.(merges.length, pair.count);
  }
  return merges;
}

/**
 * Most pairs of bytes that are listed at first; the number is twice the merges up to this limit.
 */
const MAX_FIRST_LISTED = 4096;
/** Factor between successive thresholds; each threshold costs one scan of the text. */
const THRESHOLD_STEP = 4;

class LearningState {
  readonly #cells: Uint16Array;
  readonly #lengths: Int32Array;
  readonly #counts: PairMap;
  readonly #ties: TieRule;
  readonly #rarest: number;
  /** Pairs with at least this count are queued, with all their places. */
  #threshold: number;
  #queue: PairQueue;
  /** Bytes of each token, by id. */
  readonly #tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  readonly #replacement = new Replacement();

  constructor(documents: readonly Uint8Array[], count: number, ties: TieRule, rarest: number) {
    this.#ties = ties;
    this.#rarest = rarest;
    this.#queue = new PairQueue(tieOrder(ties, this.#tokens));
    this.#counts = new PairMap(256 + count);
    this.#lengths = new Int32Array(256 + count).fill(1, 0, 256);
    const table = countBytePairs(documents);
    const byCount = table.slice().sort();
    const listed = Math.min(2 * count, MAX_FIRST_LISTED);
    this.#threshold = Math.max(rarest, byCount[byCount.length - 1 - listed]);
    table.forEach((times, pair) => {
      if (times > 0) this.#counts.add(pair >> 8, pair & 255, times);
    });
    const ends = new Int32Array(1 << 16).fill(-1);
    const positions = this.#queueFrequent((left, right, from) => {
      ends[(left << 8) | right] = from;
    });
    this.#cells = layOut(documents, ends, positions);
  }

  mostFrequent(): QueuedPair | undefined {
    for (;;) {
      const pair = this.#queue.pop();
      if (pair) {
        const count = this.#counts.get(pair.left, pair.right);
        if (count === pair.count) return pair;
        if (count >= this.#threshold) this.#queue.push({ ...pair, count });
      } else if (this.#threshold > this.#rarest) {
        this.#lowerThreshold();
      } else {
        return undefined;
      }
    }
  }

  merge(pair: QueuedPair, id: number): void {
    const { left, right } = pair;
    const tokens = this.#tokens;
    const counts = this.#counts;
    const replacement = this.#replacement;
    const { before, after } = replacement;
    tokens.push(Buffer.concat([tokens[left], tokens[right]]));
    this.#lengths[id] = tokens[id].length;
    replacement.replaceAll(this.#cells, pair, id, this.#lengths);
    counts.add(left, right, -counts.get(left, right));
    // Add all sums first: a pair of two new tokens is counted from both sides.
    for (const other of before.distinct) {
      if (other !== left || left !== right) counts.add(other, left, -before.timesOf(other));
      counts.add(other, id, before.timesOf(other));
    }
    for (const other of after.distinct) {
      if (other !== right || left !== right) counts.add(right, other, -after.timesOf(other));
      counts.add(id, other, after.timesOf(other));
    }
    this.#queueAround(id);
  }

  /** Queues and lists the new pairs that are frequent enough. */
  #queueAround(id: number): void {
    const counts = this.#counts;
    const threshold = this.#threshold;
    const replacement = this.#replacement;
    const { before, after, starts, length } = replacement;
    const lefts = before.distinct.filter((other) => counts.get(other, id) >= threshold);
    const rights = after.distinct.filter((other) => counts.get(id, other) >= threshold);
    const timesOf = (side: Side, ids: number[]) =>
      ids.reduce((sum, other) => sum + side.timesOf(other), 0);
    const positions = new Int32Array(timesOf(before, lefts) + timesOf(after, rights));
    let from = 0;
    const queue = (left: number, right: number, places: number) => {
      const begin = from;
      from += places;
      const count = counts.get(left, right);
      this.#queue.push({ left, right, count, positions, from: begin, to: from });
      return begin;
    };
    const atLefts = new Map(lefts.map((each) => [each, queue(each, id, before.timesOf(each))]));
    const atRights = new Map(rights.map((each) => [each, queue(id, each, after.timesOf(each))]));
    before.list(atLefts, starts, length, positions, this.#lengths);
    after.list(atRights, starts, length, positions);
    replacement.release();
  }

  #lowerThreshold(): void {
    this.#threshold = Math.max(this.#rarest, Math.floor(this.#threshold / THRESHOLD_STEP));
    const ends = new PairMap(this.#lengths.length);
    const positions = this.#queueFrequent((left, right, from) => ends.add(left, right, from + 1));
    listPairs(this.#cells, this.#lengths, ends, positions);
  }

  /** Queues the pairs that are frequent enough. @returns where their places are to be listed */
  #queueFrequent(list: (left: number, right: number, from: number) => void): Int32Array {
    const counts = this.#counts;
    const threshold = this.#threshold;
    this.#queue = new PairQueue(tieOrder(this.#ties, this.#tokens));
    let places = 0;
    counts.forEach((_left, _right, count) => {
      if (count >= threshold) places += count;
    });
    const positions = new Int32Array(places);
    let from = 0;
    counts.forEach((left, right, count) => {
      if (count < threshold) return;
      this.#queue.push({ left, right, count, positions, from, to: from + count });
      list(left, right, from);
      from += count;
    });
    return positions;
  }
}
