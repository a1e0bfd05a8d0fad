/**
 * Maps each pair of token ids to a number: pair counts while learning, merged ids while encoding.
 */

/** Up to this many ids, a square table is used: 4,096² four-byte cells are 64 MiB. */
const DENSE_IDS = 4096;
const EMPTY = 0xffffffff;

export class PairMap {
  readonly #ids: number;
  readonly #dense: Int32Array | undefined;
  #keys: Uint32Array;
  #values: Int32Array;
  #used = 0;

  /** @param ids every id is below this; at most 65,535, so that no pair equals the empty key */
  constructor(ids: number) {
    this.#ids = ids;
    this.#dense = ids <= DENSE_IDS ? new Int32Array(ids * ids) : undefined;
    const slots = this.#dense ? 1 : 1 << 16;
    this.#keys = new Uint32Array(slots).fill(EMPTY);
    this.#values = new Int32Array(slots);
  }

  /** The number of a pair; 0 for a pair that was never set. */
  get(left: number, right: number): number {
    if (this.#dense) return this.#dense[left * this.#ids + right];
    return this.#values[this.#slotOf(keyOf(left, right))];
  }

  /** Adds to the number of a pair. @returns the sum */
  add(left: number, right: number, delta: number): number {
    if (this.#dense) return (this.#dense[left * this.#ids + right] += delta);
    const key = keyOf(left, right);
    let slot = this.#slotOf(key);
    if (this.#keys[slot] === EMPTY) {
      // Linear probing needs free slots: use at most half of them.
      if (++this.#used * 2 > this.#keys.length) {
        this.#grow();
        slot = this.#slotOf(key);
      }
      this.#keys[slot] = key;
    }
    return (this.#values[slot] += delta);
  }

  /** Visits all pairs. Pairs that were never set may be left out or have the number 0. */
  forEach(visit: (left: number, right: number, value: number) => void): void {
    const dense = this.#dense;
    const ids = this.#ids;
    const keys = this.#keys;
    const values = this.#values;
    if (dense) {
      for (let left = 0; left < ids; left++) {
        for (let right = 0; right < ids; right++) visit(left, right, dense[left * ids + right]);
      }
      return;
    }
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== EMPTY) visit(keys[i] >>> 16, keys[i] & 0xffff, values[i]);
    }
  }

  /** The slot of a key, or the free slot where the key belongs. */
  #slotOf(key: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    // Multiplicative hashing (Knuth, TAOCP 3, 6.4): the high bits of the product are well mixed,
    // so they are folded onto the low bits that the mask keeps.
    const product = Math.imul(key, 0x9e3779b1);
    let slot = (product ^ (product >>> 15)) & mask;
    while (keys[slot] !== key && keys[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(keys.length * 2).fill(EMPTY);
    this.#values = new Int32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === EMPTY) continue;
      const slot = this.#slotOf(keys[i]);
      this.#keys[slot] = keys[i];
      this.#values[slot] = values[i];
    }
  }
}

function keyOf(left: number, right: number): number {
  return ((left << 16) | right) >>> 0;
}
