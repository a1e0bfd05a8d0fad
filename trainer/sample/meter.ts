/** Counts drawn tokens, and reports progress at intervals. */
import type { SampleProgress } from '../events.ts';

/** Tokens between two events. */
const EVERY = 16;

export class Meter {
  readonly #total: number;
  readonly #onEvent: ((event: SampleProgress) => void) | undefined;
  readonly #startedAt = performance.now();
  #samples = 0;
  #tokens = 0;

  /** @param total number of samples that will be drawn */
  constructor(total: number, onEvent?: (event: SampleProgress) => void) {
    this.#total = total;
    this.#onEvent = onEvent;
  }

  get tokensPerSecond(): number {
    return this.#tokens / ((performance.now() - this.#startedAt) / 1000);
  }

  token(): void {
    this.#tokens++;
    if (this.#tokens % EVERY === 0) this.#tell();
  }

  finished(): void {
    this.#samples++;
    this.#tell();
  }

  #tell(): void {
    this.#onEvent?.({
      type: 'progress',
      samples: this.#samples,
      total: this.#total,
      tokens: this.#tokens,
      tokensPerSecond: this.tokensPerSecond,
    });
  }
}
