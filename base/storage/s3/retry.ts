/**
 * Tries requests again: with growing, random pauses ("full jitter": anything up to the growing bound),
 * for minutes where the storage has answered before, for seconds where it never did.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialSource } from './credentials.ts';
import { isExpired, isNetwork, isThrottling, isTransient, S3Failure } from './errors.ts';
import type { Credentials } from './keys.ts';
import { Pressure } from './pressure.ts';
import { type S3Reply, type S3Request, sendOnce } from './request.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 8_000;
/** An outage of minutes is sat out; a wrong address is told soon. */
const PATIENCE_MS = 240_000;
const PATIENCE_AT_FIRST_MS = 8_000;

export interface Retried extends S3Reply {
  /**
   * Whether an earlier try may have been carried out although its reply was lost: the outcome of a
   * conditional write is then to be looked at.
   */
  isRepeated: boolean;
}

/** Counters for `--json` and tests. */
export const counters = { requests: 0, retries: 0, throttled: 0 };

export class Retrying {
  readonly #pressure = new Pressure();
  readonly #credentials = new CredentialSource();
  #hasAnswered = false;

  /** @throws S3Failure for a status that is not expected; the error of the connection */
  async send(request: S3Request, expected: readonly number[] = []): Promise<Retried> {
    const start = performance.now();
    let isRepeated = false;
    for (let tries = 1; ; tries++) {
      let keys: Credentials | undefined;
      try {
        const reply = await this.#pressure.run(async () => {
          keys = await this.#credentials.find();
          return this.#once(request, expected, keys);
        });
        return { ...reply, isRepeated };
      } catch (error) {
        if (isThrottling(error)) {
          counters.throttled++;
          this.#pressure.slowDown();
        }
        const spent = performance.now() - start;
        // They may have been renewed while the request was on its way.
        const isRenewed = keys && isExpired(error) && (await this.#credentials.areRenewed(keys));
        if (!isRenewed && !this.#isWorthwhile(error, spent)) throw error;
        isRepeated ||= !isThrottling(error);
        counters.retries++;
        await sleep(pauseAfter(tries));
      }
    }
  }

  async #once(
    request: S3Request,
    expected: readonly number[],
    keys: Credentials,
  ): Promise<S3Reply> {
    counters.requests++;
    const reply = await sendOnce(request, keys);
    const isGood = reply.status >= 200 && reply.status < 300;
    if (!isGood && !expected.includes(reply.status)) throw new S3Failure(reply);
    this.#hasAnswered = true;
    this.#pressure.succeeded();
    return reply;
  }

  #isWorthwhile(error: unknown, spentMs: number): boolean {
    if (!isTransient(error)) return false;
    const isWrongAddress = isNetwork(error) && !this.#hasAnswered;
    return spentMs < (isWrongAddress ? PATIENCE_AT_FIRST_MS : PATIENCE_MS);
  }
}

export function pauseAfter(tries: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
}
