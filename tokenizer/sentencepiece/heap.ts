/** A heap of pairs: the highest score comes first, of equals the leftmost pair. */

export interface ScoredPair {
  left: number;
  right: number;
  value: number;
}

export class PairHeap {
  /** ScoredPair i is at i of each array; `#order` is the heap of their numbers. */
  readonly #scores: Float64Array;
  readonly #entries: ScoredPair[] = [];
  readonly #order: number[] = [];

  /** @param capacity entries pushed at most, in all */
  constructor(capacity: number) {
    this.#scores = new Float64Array(capacity);
  }

  push(score: number, left: number, right: number, value: number): void {
    const entry = this.#entries.push({ left, right, value }) - 1;
    this.#scores[entry] = score;
    let at = this.#order.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(this.#order[at], this.#order[parent])) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): ScoredPair | undefined {
    const order = this.#order;
    const first = order[0];
    if (first === undefined) return undefined;
    const last = order.pop()!;
    if (order.length > 0) {
      order[0] = last;
      this.#sink();
    }
    return this.#entries[first];
  }

  #sink(): void {
    const order = this.#order;
    for (let at = 0; ; ) {
      let best = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < order.length && this.#isBefore(order[child], order[best])) best = child;
      }
      if (best === at) return;
      this.#swap(at, best);
      at = best;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#scores[a] - this.#scores[b];
    if (difference !== 0) return difference > 0;
    return this.#entries[a].left < this.#entries[b].left;
  }

  #swap(a: number, b: number): void {
    const order = this.#order;
    [order[a], order[b]] = [order[b], order[a]];
  }
}
