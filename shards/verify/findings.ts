/** Problems that `verify` finds, and its options. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import type { VerifyEvent } from '../events.ts';

export interface Problem {
  /** A file of the dataset, e.g. `shards/part-00003.parquet`. */
  file: string;
  problem: string;
}

export interface VerifyOptions {
  signal?: AbortSignal;
  onEvent?(event: VerifyEvent): void;
}

/**
 * Most problems that are listed; a dataset that is wrong everywhere need not be listed completely.
 */
const MAX_PROBLEMS = 1000;

/** Collects problems, and turns errors into problems. */
export class Findings {
  readonly problems: Problem[] = [];
  truncated = false;

  add(file: string, problem: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ file, problem });
    else this.truncated = true;
  }

  /** @returns the result of `work`, or undefined when it failed with a CodecLmError */
  async collect<T>(file: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CodecLmError)) throw error;
      this.add(file, messageOf(error));
      return undefined;
    }
  }
}
