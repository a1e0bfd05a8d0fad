/**
 * The codes, which follow moving averages of what they stand for (van den Oord et al. 2017, appendix
 * A.1). A code that stands for nearly nothing is moved to where the encoder's outputs are (Dhariwal et
 * al. 2020, section 3.1). All of it is done here in numbers of 64 bits and one order: the same on every
 * backend.
 */
import { hashWords, randomIntegers } from '../../../../base/random.ts';

/** Added to the counts, so that none is zero. */
const EPSILON = 1e-5;
/** A code is dead below this share of the mean count. */
const DEAD_SHARE = 0.05;
/**
 * The count that a new code begins with, as a share of the mean. With the whole of it a code that stands
 * for nothing would be found dead after 300 steps of decay 0.99; with this share after 70.
 */
const FIRST_SHARE = 0.1;
/** The end of the training without restarts, so that the decoder has met all codes. */
const QUIET_SHARE = 0.1;

export interface CodebookState {
  /** [codes, width] */
  vectors: Float32Array;
  /** Moving averages of how many outputs a code stands for, and of their sums. */
  counts: Float64Array;
  sums: Float64Array;
}

export interface CodebookOptions {
  codes: number;
  width: number;
  decay: number;
  seed: number;
  steps: number;
}

export class Codebook {
  readonly #options: CodebookOptions;
  #state: CodebookState | undefined;

  constructor(options: CodebookOptions, state?: CodebookState) {
    this.#options = options;
    this.#state = state;
  }

  /** Undefined before the first step has begun it. */
  get state(): CodebookState | undefined {
    return this.#state;
  }

  /**
   * The codes to look up, [codes, width]; the first outputs begin them.
   * @param outputs of the encoder, [count, width]
   */
  vectorsFor(outputs: Float32Array): Float32Array {
    if (!this.#state) {
      const { codes, width } = this.#options;
      const random = this.#random(0);
      const vectors = new Float32Array(codes * width);
      for (let k = 0; k < codes; k++) vectors.set(this.#output(outputs, random), k * width);
      const first = (FIRST_SHARE * outputs.length) / width / codes;
      const counts = new Float64Array(codes).fill(first);
      this.#state = { vectors, counts, sums: Float64Array.from(vectors, (value) => value * first) };
    }
    return this.#state.vectors;
  }

  /**
   * @param step of the training, counted from 1
   * @param indices the code of each output
   * @returns how many codes were restarted
   */
  update(step: number, outputs: Float32Array, indices: ArrayLike<number>): number {
    const { codes, width, decay, steps } = this.#options;
    const { vectors, counts, sums } = this.#state!;
    const [fresh, freshSums] = [new Float64Array(codes), new Float64Array(codes * width)];
    for (let i = 0; i < indices.length; i++) {
      const k = indices[i];
      fresh[k]++;
      for (let c = 0; c < width; c++) freshSums[k * width + c] += outputs[i * width + c];
    }
    for (let k = 0; k < codes; k++) counts[k] = decay * counts[k] + (1 - decay) * fresh[k];
    for (let j = 0; j < sums.length; j++) sums[j] = decay * sums[j] + (1 - decay) * freshSums[j];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const isQuiet = step > (1 - QUIET_SHARE) * steps;
    const restarted = isQuiet ? 0 : this.#restart(step, outputs, total);
    for (let k = 0; k < codes; k++) {
      const smoothed = ((counts[k] + EPSILON) / (total + codes * EPSILON)) * total;
      for (let c = 0; c < width; c++) vectors[k * width + c] = sums[k * width + c] / smoothed;
    }
    return restarted;
  }

  #restart(step: number, outputs: Float32Array, total: number): number {
    const { codes, width } = this.#options;
    const { counts, sums } = this.#state!;
    const mean = total / codes;
    const random = this.#random(step);
    let restarted = 0;
    for (let k = 0; k < codes; k++) {
      if (counts[k] >= DEAD_SHARE * mean) continue;
      restarted++;
      counts[k] = FIRST_SHARE * mean;
      for (const [c, value] of this.#output(outputs, random).entries()) {
        sums[k * width + c] = value * counts[k];
      }
    }
    return restarted;
  }

  /** One of the outputs. */
  #output(outputs: Float32Array, random: (bound: number) => number): Float32Array {
    const { width } = this.#options;
    const at = random(outputs.length / width) * width;
    return outputs.subarray(at, at + width);
  }

  #random(step: number): (bound: number) => number {
    return randomIntegers(hashWords(this.#options.seed, 2), step);
  }
}
