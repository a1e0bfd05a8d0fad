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
 * Each token remembers where it began. A merge walks the shorter list of its two tokens;
 * all merges together replace less than one token a byte, so the lists stay bounded too.
 */
import { CodecLmError } from '../../schemas/error.ts';
import { checkLearningMemory } from './memory.ts';
import { PairMap } from './pairs.ts';
import { PairQueue } from './queue.ts';
import { DEAD, joinDocuments, MAX_MERGES, positionsByByte, SEPARATOR } from './text.ts';
import { type TieRule, tieOrder } from './ties.ts';

/** Ids of the two tokens that become one: 0..255 bytes, 256 + i the token of merge i. */
export type Merge = readonly [left: number, right: number];

export interface LearnOptions {
  /**
   * Pairs rarer than this are not merged. 1, as in Hugging Face's BpeTrainer, merges as
   * long as two tokens stand beside each other anywhere.
   */
  minFrequency?: number;
  /** Which of equally frequent pairs is merged first; by default `ids`, as Hugging Face does. */
  ties?: TieRule;
  /** Bytes that learning may take; what the machine has free by default. */
  memoryLimit?: number;
  /** Called after each merge with the number of merges so far and how often its pair stood. */
  onMerge?: (done: number, frequency: number) => void;
}

/**
 * @returns `count` merges, or fewer when no pair is left that occurs `minFrequency` times
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
  const state = new LearningState(documents, count, ties);
  const merges: Merge[] = [];
  while (merges.length < count) {
    const pair = state.mostFrequent();
    if (!pair || pair.count < Math.max(1, minFrequency)) break;
    state.merge(pair.left, pair.right, 256 + merges.length);
    merges.push([pair.left, pair.right]);
    onMerge?.(merges.length, pair.count);
  }
  return merges;
}

class LearningState {
  private readonly cells: Uint16Array;
  private readonly lengths: Int32Array;
  private readonly counts: PairMap;
  private readonly queue: PairQueue;
  /** By id. */
  private readonly tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  /** Where a token of this id began once; `cells` tells whether it still does. Ascending. */
  private readonly positions: Int32Array[];
  /** How often each id stood before and after the pair being merged. */
  private readonly before: Int32Array;
  private readonly after: Int32Array;

  constructor(documents: readonly Uint8Array[], count: number, ties: TieRule) {
    this.queue = new PairQueue(tieOrder(ties, this.tokens));
    this.cells = joinDocuments(documents);
    this.lengths = new Int32Array(256 + count).fill(1, 0, 256);
    this.counts = new PairMap(256 + count);
    this.positions = positionsByByte(this.cells);
    this.before = new Int32Array(SEPARATOR + 1);
    this.after = new Int32Array(SEPARATOR + 1);
    this.countPairs();
  }

  mostFrequent() {
    for (;;) {
      const pair = this.queue.pop();
      if (!pair) return undefined;
      const count = this.counts.get(pair.left, pair.right);
      if (count === pair.count) return pair;
      if (count > 0) this.queue.push({ ...pair, count });
    }
  }

  merge(left: number, right: number, id: number): void {
    const { tokens } = this;
    tokens.push(Buffer.concat([tokens[left], tokens[right]]));
    this.lengths[id] = tokens[id].length;
    const beforeIds: number[] = [];
    const afterIds: number[] = [];
    this.positions[id] = this.replaceAll(left, right, id, beforeIds, afterIds);
    const { counts, queue } = this;
    const before = this.before;
    const after = this.after;
    counts.add(left, right, -counts.get(left, right));
    // All sums first: a pair of two new tokens is counted from both its sides.
    for (const other of beforeIds) {
      if (other !== left || left !== right) counts.add(other, left, -before[other]);
      counts.add(other, id, before[other]);
    }
    for (const other of afterIds) {
      if (other !== right || left !== right) counts.add(right, other, -after[other]);
      counts.add(id, other, after[other]);
    }
    for (const other of beforeIds) {
      const count = counts.get(other, id);
      if (count > 0) queue.push({ left: other, right: id, count });
      before[other] = 0;
    }
    for (const other of afterIds) {
      const count = counts.get(id, other);
      if (count > 0) queue.push({ left: id, right: other, count });
      after[other] = 0;
    }
  }

  /**
   * Replaces the pair everywhere, leftmost first, and counts what stood around it.
   * @returns where the new tokens begin, ascending
   */
  private replaceAll(
    left: number,
    right: number,
    id: number,
    beforeIds: number[],
    afterIds: number[],
  ): Int32Array {
    const { cells, before, after, positions } = this;
    const leftLength = this.lengths[left];
    const rightLength = this.lengths[right];
    const byRight = positions[right].length < positions[left].length;
    const walked = byRight ? right : left;
    const list = positions[walked];
    const found = new Int32Array(this.counts.get(left, right));
    let kept = 0;
    let merged = 0;
    for (let k = 0; k < list.length; k++) {
      const at = list[k];
      if (cells[at] !== walked) continue;
      const start = byRight ? at - leftLength : at;
      const middle = start + leftLength;
      if (byRight ? cells[at - 1] !== left : cells[middle] !== right) {
        list[kept++] = at;
        continue;
      }
      const end = middle + rightLength;
      cells[middle] = DEAD;
      cells[start] = id;
      cells[end - 1] = id;
      found[merged++] = start;
      const previous = cells[start - 1];
      if (before[previous]++ === 0 && previous !== SEPARATOR) beforeIds.push(previous);
      const next = cells[end];
      if (after[next]++ === 0 && next !== SEPARATOR) afterIds.push(next);
    }
    before[SEPARATOR] = 0;
    after[SEPARATOR] = 0;
    positions[walked] = list.subarray(0, kept);
    // A run of equal tokens holds more pairs than can be merged; do not keep the slack.
    return merged * 2 < found.length ? found.slice(0, merged) : found.subarray(0, merged);
  }

  private countPairs(): void {
    const { cells } = this;
    const table = new Int32Array(1 << 16);
    for (let i = 1; i < cells.length; i++) {
      const left = cells[i - 1];
      const right = cells[i];
      if (left < 256 && right < 256) table[(left << 8) | right]++;
    }
    table.forEach((count, pair) => {
      if (count === 0) return;
      this.counts.add(pair >> 8, pair & 255, count);
      this.queue.push({ left: pair >> 8, right: pair & 255, count });
    });
  }
}
