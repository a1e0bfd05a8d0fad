/**
 * Memory of the ids of batches that their consumer has given back, for batches to come: fresh memory
 * costs as much as unpacking tokens into it.
 */
export class SpareIds {
  readonly #length: number;
  readonly #most: number;
  readonly #spare: Int32Array[] = [];

  /**
   * @param length ids of a batch
   * @param most arrays that are kept
   */
  constructor(length: number, most: number) {
    this.#length = length;
    this.#most = most;
  }

  take(): Int32Array | undefined {
    return this.#spare.pop();
  }

  /** Keeps the memory, unless it is of another size or here already. */
  give(ids: Int32Array): void {
    const isOurs = ids.length === this.#length && !this.#spare.includes(ids);
    if (isOurs && this.#spare.length < this.#most) this.#spare.push(ids);
  }
}
