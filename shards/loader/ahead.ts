/** Batches read ahead of their consumer, and how long it waited for them. */

export interface WaitStats {
  batches: number;
  /** Seconds from the first batch asked for to the last one given. */
  seconds: number;
  /** Seconds of these in which the consumer waited for a batch that was not yet read. */
  waited: number;
  /** `waited / seconds`; 0 before the second batch. */
  share: number;
}

export class ReadAhead {
  /** Milliseconds. */
  readonly #totals = { batches: 0, elapsed: 0, waited: 0 };
  readonly #clock: () => number;

  /** @param clock milliseconds that only ever grow */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * The first batches are begun at once, before they are asked for: a trainer builds its model meanwhile.
   * @param depth batches in the making beyond the one that is asked for
   * @param begin starts to read the next one; undefined at the end
   */
  run<T>(depth: number, begin: () => Promise<T> | undefined): AsyncGenerator<T, void> {
    const ahead: Promise<T>[] = [];
    let isEnded = false;
    const fill = () => {
      while (ahead.length <= depth && !isEnded) {
        const batch = begin();
        isEnded = !batch;
        if (!batch) break;
        // Its error is thrown when its turn comes, not as an unhandled rejection before.
        batch.catch(() => undefined);
        ahead.push(batch);
      }
    };
    fill();
    return this.#take(ahead, fill);
  }

  async *#take<T>(ahead: Promise<T>[], fill: () => void): AsyncGenerator<T, void> {
    let since = this.#clock();
    for (;;) {
      const asked = this.#clock();
      fill();
      const next = ahead.shift();
      if (!next) return;
      const batch = await next;
      const now = this.#clock();
      this.#totals.batches++;
      this.#totals.waited += now - asked;
      this.#totals.elapsed += now - since;
      since = now;
      yield batch;
    }
  }

  stats(): WaitStats {
    const { batches, elapsed, waited } = this.#totals;
    const share = batches < 2 ? 0 : waited / elapsed;
    return { batches, seconds: elapsed / 1000, waited: waited / 1000, share };
  }
}
