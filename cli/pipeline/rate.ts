/** The current speed of work: over the last minute, not over the days since the beginning. */

const WINDOW_SECONDS = 60;
/** A rate over less than this time is not meaningful. */
const LEAST_SECONDS = 1;

interface Mark {
  at: number;
  inputs: number;
  bytes: number;
}

export class Rate {
  readonly #now: () => number;
  readonly #marks: Mark[];
  #inputs = 0;
  #bytes = 0;

  /** @param now seconds of a steady clock */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
    this.#marks = [{ at: now(), inputs: 0, bytes: 0 }];
  }

  add(inputs: number, bytes: number): void {
    this.#inputs += inputs;
    this.#bytes += bytes;
    const at = this.#now();
    const marks = this.#marks;
    if (at - marks[marks.length - 1].at >= 1) {
      marks.push({ at, inputs: this.#inputs, bytes: this.#bytes });
    }
    while (marks.length > 1 && at - marks[1].at >= WINDOW_SECONDS) marks.shift();
  }

  /** @returns undefined before a rate is known */
  perSecond(): { inputs: number; bytes: number } | undefined {
    const [{ at, inputs, bytes }] = this.#marks;
    const seconds = this.#now() - at;
    if (seconds < LEAST_SECONDS || this.#inputs === inputs) return undefined;
    return { inputs: (this.#inputs - inputs) / seconds, bytes: (this.#bytes - bytes) / seconds };
  }
}
