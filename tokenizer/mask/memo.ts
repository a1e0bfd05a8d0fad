/** A map that forgets what was not asked for longest, so that its memory has a bound. */
export class Memo<Value> {
  readonly #entries = new Map<number, Value>();
  readonly #capacity: number;

  /** @param capacity entries kept, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: number): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A Map lists its keys in the order of their insertion: the newest are the last.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: number, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
