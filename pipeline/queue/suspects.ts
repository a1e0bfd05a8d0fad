/**
 * Partitions with which a worker was lost: maybe they have killed it. Each of them is run alone, so that
 * no other partition is lost with it again and again, and is given up in its place.
 */
import type { Job } from 'bullmq';

export class Suspects {
  /** Partitions that this worker has in work, and whether one of them is a suspect. */
  #inWork = 0;
  #isAlone = false;

  /** @returns what to call at its end; undefined when it may not begin beside those in work */
  begin({ stalledCounter }: Pick<Job, 'stalledCounter'>): (() => void) | undefined {
    const isSuspect = stalledCounter > 0;
    if (this.#isAlone || (isSuspect && this.#inWork > 0)) return undefined;
    this.#inWork++;
    this.#isAlone = isSuspect;
    return () => {
      this.#inWork--;
      this.#isAlone = false;
    };
  }
}
