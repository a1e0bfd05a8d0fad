/** Priority queue of the pairs to merge: the most frequent pair first, ties by the tie rule. */
import type { Occurrences } from '../learn/occurrences.ts';
import type { Pair, PairOrder } from '../learn/ties.ts';

export interface QueuedPair extends Pair, Occurrences {
  readonly count: number;
}

/**
 * A binary heap. The count of a waiting pair can only fall, so a stale entry is put back lower.
 */
export class PairQueue {
  readonly #heap: QueuedPair[] = [];
  readonly #ties: PairOrder;

  constructor(ties: PairOrder) {
    this.#ties = ties;
  }

  push(pair: QueuedPair): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(pair, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = pair;
  }

  pop(): QueuedPair | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(pair: QueuedPair): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], pair)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = pair;
  }

  #isBefore(a: QueuedPair, b: QueuedPair): boolean {
    return a.count !== b.count ? a.count > b.count : this.#ties(a, b);
  }
}
