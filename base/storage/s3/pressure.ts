/**
 * How many requests are in flight. A server that says SlowDown gets half as many at once; each
 * success then allows a fraction of one more (additive increase, multiplicative decrease).
 */

const MOST = 64;
/** Replies of requests that were sent before a decrease arrived do not cause another one. */
const PAUSE_MS = 500;

export class Pressure {
  #limit = MOST;
  #inFlight = 0;
  #decreasedAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Most requests that may be in flight now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inFlight < this.limit) this.#inFlight++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#inFlight--;
      this.#wake();
    }
  }

  succeeded(): void {
    this.#limit = Math.min(MOST, this.#limit + 1 / this.#limit);
  }

  slowDown(): void {
    const now = this.#now();
    if (now - this.#decreasedAt < PAUSE_MS) return;
    this.#decreasedAt = now;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }

  #wake(): void {
    while (this.#inFlight < this.limit && this.#waiting.length > 0) {
      this.#inFlight++;
      this.#waiting.shift()!();
    }
  }
}
