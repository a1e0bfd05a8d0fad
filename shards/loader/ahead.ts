/** Reads batches ahead of their consumer, and measures how long the consumer waits for them. */

export interface WaitStats {
  batches: number;
  /** Seconds from the first request for a batch to the last batch given. */
  seconds: number;
  /** Seconds of these in which the consumer waited for a batch. */
  waited: number;
  /** `waited / seconds`; 0 before the second batch. */
  share: number;
}

export class ReadAhead {
  /** Times are in milliseconds. */
  readonly #totals = { batches: 0, elapsed: 0, waited: 0 };
  readonly #clock: () => number;

  /** @param clock gives milliseconds, monotonic */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * Starts to read the first batches at once, before they are requested: a trainer builds its model
   * meanwhile.
   * @param depth number of batches that are being read beyond the one that is requested
   * @param begin starts to read the next batch; undefined at the end
   */
  run<T>(depth: number, begin: () => Promise<T> | undefined): AsyncGenerator<T, void> {
    const ahead: Promise<T>[] = [];
    let isEnded = false;
    const fill = () => {
      while (ahead.length <= depth && !isEnded) {
        const batch = begin();
        isEnded = !batch;
        if (!batch) break;
        // The error is thrown when it is this batch's turn, not earlier as an unhandled
        // rejection.
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
