/**
 * Row groups as they lie in their files, kept while the window of the shuffled order is
 * among them: a loader that takes one row here and one there reads a whole group once
 * instead of each row alone, which cost more than to unpack it.
 */
import type { RowGroupPlace } from './footer.ts';

/** Two windows of 16 row groups of about 1 MB: the one that is read, and the next one's beginning. */
const CAPACITY = 32 * 2 ** 20;

export class GroupCache {
  readonly #groups = new Map<RowGroupPlace, { bytes: Promise<Buffer>; length: number }>();
  #total = 0;

  /** @param read gives the `length` bytes of the group, if it must be read */
  get(group: RowGroupPlace, length: number, read: () => Promise<Buffer>): Promise<Buffer> {
    let known = this.#groups.get(group);
    if (known) {
      this.#groups.delete(group);
    } else {
      known = { bytes: read(), length };
      known.bytes.catch(() => this.#forget(group));
      this.#total += length;
    }
    // At the end: the first of the map is the one not used for longest.
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
