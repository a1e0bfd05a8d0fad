/** The random numbers of one generation, which may be looked at before they are used. */
import { randomFractions } from '../../../base/random.ts';

export class Uniforms {
  readonly #draw: () => number;
  readonly #ahead: number[] = [];

  /** Parameters as those of `randomFractions`. */
  constructor(seed: number, stream: number) {
    this.#draw = randomFractions(seed, stream);
  }

  /** The number that the n-th draw from now will take; 0 is the next one. */
  at(n: number): number {
    while (this.#ahead.length <= n) this.#ahead.push(this.#draw());
    return this.#ahead[n];
  }

  /** The number of the next draw; the one after it is the next from now on. */
  take(): number {
    return this.#ahead.shift() ?? this.#draw();
  }
}
