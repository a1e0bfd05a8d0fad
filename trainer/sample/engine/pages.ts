/** The pages of the cache and the sequences that they belong to. */
import { CodecLmError } from '../../../base/error.ts';
import type { CachedSequence } from './engine.ts';
import { CACHE_PAGE } from './kernels/pages.ts';

export class PagedSequence implements CachedSequence {
  length = 0;
  readonly capacity: number;
  /** Number of the sequence's page table. */
  readonly slot: number;
  readonly pages: number[];

  constructor(slot: number, pages: number[]) {
    this.slot = slot;
    this.pages = pages;
    this.capacity = pages.length * CACHE_PAGE;
  }

  /** Its pages stay its own: nobody reads behind the end, and what comes next is written there. */
  rewind(length: number): void {
    if (length > this.length) {
      throw new CodecLmError(
        'INTERNAL',
        `a sequence of ${this.length} tokens has no first ${length}`,
      );
    }
    this.length = length;
  }
}

export class PagePool {
  readonly #freePages: number[];
  readonly #freeSlots: number[];
  /** Number of sequences that each page belongs to. Only full pages are shared: nobody writes them. */
  readonly #owners: Uint16Array;

  constructor(pages: number, sequences: number) {
    this.#freePages = Array.from({ length: pages }, (_, i) => pages - 1 - i);
    this.#freeSlots = Array.from({ length: sequences }, (_, i) => sequences - 1 - i);
    this.#owners = new Uint16Array(pages);
  }

  /**
   * @param count number of pages
   * @param shared pages of another sequence that the new one begins with
   * @returns undefined while there are too few free pages, or no free slot
   */
  take(count: number, shared: readonly number[]): PagedSequence | undefined {
    const fresh = count - shared.length;
    if (this.#freePages.length < fresh || this.#freeSlots.length === 0) return undefined;
    const pages = [...shared, ...Array.from({ length: fresh }, () => this.#freePages.pop()!)];
    for (const page of pages) this.#owners[page]++;
    return new PagedSequence(this.#freeSlots.pop()!, pages);
  }

  giveBack({ slot, pages }: PagedSequence): void {
    this.#freeSlots.push(slot);
    // Put the first page on top: pages taken in order are one stream, and later pages may never
    // have been written.
    const unused = pages.splice(0).filter((page) => --this.#owners[page] === 0);
    this.#freePages.push(...unused.reverse());
  }
}
