/**
 * NumPy's `RandomState`, as far as torch-fidelity draws with it: MT19937 (Matsumoto and Nishimura
 * 1998) and its shuffle. The same seed gives the same subsets there and here.
 */

const WORDS = 624;
const SHIFT = 397;

/** @param seed 0 .. 2^32 - 1 */
export class NumpyRandom {
  readonly #state = new Uint32Array(WORDS);
  #next = WORDS;

  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < WORDS; i++) {
      state[i] = Math.imul(1_812_433_253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** 0 .. count - 1 in a random order: `permutation(count)`. */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** `choice(count, size, replace=False)` */
  choice(count: number, size: number): Uint32Array {
    return this.permutation(count).subarray(0, size);
  }

  /** As many draws with repetition from 0 .. count - 1: for bootstraps. */
  resample(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.#upTo(count - 1));
  }

  /** Uniform in 0 .. most: words are cut to the bits of `most` and drawn again where they exceed it. */
  #upTo(most: number): number {
    if (most === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(most);
    for (;;) {
      const value = (this.#word() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  #word(): number {
    if (this.#next === WORDS) this.#twist();
    let word = this.#state[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < WORDS; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
