/**
 * A barrier for the threads of a step. It is passed a few dozen times per token, so it mostly
 * spins.
 */
import { CodecLmError } from '../../../base/error.ts';

const ARRIVED = 0;
const GENERATION = 1;
/**
 * Spins before sleeping: a few microseconds. On a machine without a spare core, sleeping is better
 * than more.
 */
const SPINS = 4000;
const LONGEST_WAIT_MS = 120_000;

export class Barrier {
  readonly #cells: Int32Array;
  readonly #threads: number;

  /** @param cells two shared numbers, initially 0 */
  constructor(cells: Int32Array, threads: number) {
    this.#cells = cells;
    this.#threads = threads;
  }

  /**
   * Returns when all threads have called it.
   * @param patient waits without a time limit, for the unknown time between two steps
   */
  wait(patient = false): void {
    if (this.#threads === 1) return;
    const cells = this.#cells;
    const generation = Atomics.load(cells, GENERATION);
    if (Atomics.add(cells, ARRIVED, 1) === this.#threads - 1) {
      Atomics.store(cells, ARRIVED, 0);
      Atomics.add(cells, GENERATION, 1);
      Atomics.notify(cells, GENERATION);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(cells, GENERATION) !== generation) return;
    }
    while (Atomics.load(cells, GENERATION) === generation) {
      const timeout = patient ? Number.POSITIVE_INFINITY : LONGEST_WAIT_MS;
      if (Atomics.wait(cells, GENERATION, generation, timeout) === 'timed-out') {
        throw new CodecLmError('INTERNAL', 'a thread of the decoder no longer answers');
      }
    }
  }
}
