/** Runs the batcher while anybody waits for it, and limits the number of waiting generations. */
import { CodecLmError } from '../../base/error.ts';
import type { GenerationRequest, Ticket } from '../sample/batch/job.ts';
import type { Batcher } from '../sample/batcher.ts';
import { HttpError } from './errors.ts';

const RETRY = { headers: { 'retry-after': '5' } };

export class Runner {
  readonly #batcher: Batcher;
  readonly #maxQueue: number;
  readonly #onFailure: (error: unknown) => void;
  #stepping: Promise<void> | undefined;
  #closed = false;

  /**
   * @param maxQueue most generations that may wait besides those that run
   * @param onFailure called with an error of the engine, which ends all generations
   */
  constructor(batcher: Batcher, maxQueue: number, onFailure: (error: unknown) => void) {
    this.#batcher = batcher;
    this.#maxQueue = maxQueue;
    this.#onFailure = onFailure;
  }

  get load(): { running: number; waiting: number } {
    const { running, waiting } = this.#batcher;
    return { running, waiting };
  }

  /**
   * Submits all of the requests, or none.
   * @throws HttpError 429 when the queue has no room, 503 while the server stops
   */
  submit(requests: readonly GenerationRequest[]): Ticket[] {
    if (this.#closed) throw new HttpError(503, 'the server is stopping', RETRY);
    const room = this.#maxQueue - this.#batcher.waiting;
    if (requests.length > room) {
      throw new HttpError(429, `${this.#batcher.waiting} generations are waiting already`, RETRY);
    }
    const tickets: Ticket[] = [];
    try {
      for (const request of requests) tickets.push(this.#batcher.submit(request));
    } catch (error) {
      for (const ticket of tickets) {
        ticket.done.catch(() => {});
        ticket.cancel();
      }
      throw error;
    }
    this.#stepping ??= this.#run();
    return tickets;
  }

  /** Ends running generations; resolves when the engine is idle. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#batcher.abort(new HttpError(503, 'the server is stopping', RETRY));
    await this.#stepping;
  }

  async #run(): Promise<void> {
    try {
      // Let other work of this process, such as sockets, run between two steps.
      do await new Promise((resolve) => setImmediate(resolve));
      while (await this.#batcher.step());
    } catch (error) {
      this.#onFailure(error);
      this.#batcher.abort(new CodecLmError('INTERNAL', 'the engine failed', { cause: error }));
    } finally {
      this.#stepping = undefined;
    }
  }
}
