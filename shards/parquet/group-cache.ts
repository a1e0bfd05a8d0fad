/**
 * Keeps row groups as raw bytes while they belong to the current window of the shuffled order. A
 * loader that takes single rows from many groups thus reads each group once instead of each row
 * separately, which would cost more than unpacking it.
 */
import type { RowGroupPlace } from './footer.ts';

/**
 * Capacity in bytes: two windows of 16 row groups of about 1 MB, the current one and the beginning
 * of the next.
 */
const CAPACITY = 32 * 2 ** 20;

export class GroupCache {
  readonly #groups = new Map<RowGroupPlace, { bytes: Promise<Buffer>; length: number }>();
  #total = 0;

  /**
   * @param read reads the `length` bytes of the group; it is called only if they are not cached
   */
  get(group: RowGroupPlace, length: number, read: () => Promise<Buffer>): Promise<Buffer> {
    let known = this.#groups.get(group);
    if (known) {
      this.#groups.delete(group);
    } else {
      known = { bytes: read(), length };
      known.bytes.catch(() => this.#forget(group));
      this.#total += length;
    }
    // At the end: the first entry of the map is the least recently used.
    this.#groups.set(group, known);
    while (this.#total > CAPACITY && this.#groups.size > 1) {
      this.#forget(this.#groups.keys().next().value!);
    }
    return known.bytes;
  }

  #forget(group: RowGroupPlace): void {
    this.#total -= this.#groups.get(group)?.length ?? 0;
    this.#groups.delete(group);
  }
}
