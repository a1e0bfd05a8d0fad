/** `3/16 samples  1,234 tokens/s`, over all tokens drawn so far. */
import { formatCount } from '../../base/format.ts';

export class Meter {
  readonly #num: number;
  readonly #show: ((line: string) => void) | undefined;
  readonly #startedAt = performance.now();
  #samples = 0;
  #tokens = 0;

  constructor(num: number, show?: (line: string) => void) {
    this.#num = num;
    this.#show = show;
  }

  get tokensPerSecond(): number {
    return this.#tokens / ((performance.now() - this.#startedAt) / 1000);
  }

  token(): void {
    this.#tokens++;
    if (this.#tokens % 16 === 0) this.#update();
  }

  finished(): void {
    this.#samples++;
    this.#update();
  }

  #update(): void {
    const speed = formatCount(this.tokensPerSecond);
    this.#show?.(`${this.#samples}/${this.#num} samples  ${speed} tokens/s`);
  }
}
