/**
 * Gathers images that are wanted at the same time into batches of one shape. Libraries choose their
 * kernels by the shape, and sum in another order in another kernel: with one shape, what an image
 * becomes does not depend on how many were beside it, and runs give the same bytes with any number of
 * workers.
 */
import { setImmediate as turn } from 'node:timers/promises';

/** Pixels of a batch: one image of 256x256 keeps a processor busy, small ones wait for each call. */
const PIXELS = { cpu: 16_384, gpu: 2_097_152 };
const MOST = { cpu: 16, gpu: 32 };

/** @param size pixels of a side */
export function batchFor(size: number, device: 'cpu' | 'gpu'): number {
  const fitting = Math.floor(PIXELS[device] / size ** 2);
  return Math.max(1, Math.min(MOST[device], 2 ** Math.floor(Math.log2(Math.max(1, fitting)))));
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export class Batches<Item, Result> {
  readonly #size: number;
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #isBusy = false;

  /**
   * @param size items of a batch
   * @param work gets exactly so many; places that nobody wants are filled with the last item
   */
  constructor(size: number, work: (items: Item[]) => Promise<Result[]>) {
    this.#size = size;
    this.#work = work;
  }

  /** The result of the item; throws what the work of its batch throws. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      void this.#start();
    });
  }

  async #start(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // Those that are ready at the same moment come together.
    await turn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#size);
      const items = batch.map(({ item }) => item);
      while (items.length < this.#size) items.push(items[items.length - 1]);
      try {
        const results = await this.#work(items);
        for (const [i, { resolve }] of batch.entries()) resolve(results[i]);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      await turn();
    }
    this.#isBusy = false;
  }
}
