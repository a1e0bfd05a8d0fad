/** A variable-length code: decodes bits to values, a word at a time or bit by bit. */

/** Marks a place where no code word continues. */
export const NO_CODE = -1;

/**
 * Number of bits that are looked up at once; longer words, which are rare, are walked from the
 * root.
 */
const FAST_BITS = 8;

export class PrefixCode {
  /**
   * The code as a binary tree: `children[2 * node + bit]` is the node after a bit
   * (node 0 is the root), `NO_CODE`, or `-2 - value` where a word ends.
   */
  readonly children: Int32Array;
  /** For each node, the fewest bits from there to the end of a word. */
  readonly shortest: Uint8Array;
  /** For each value of the next 8 bits: value * 32 + length, or -1 if no word ends within them. */
  readonly #fast = new Int32Array(1 << FAST_BITS).fill(-1);

  /** @param words value -> code word, as a string of 0 and 1 */
  constructor(words: ReadonlyMap<number, string>) {
    const children = [NO_CODE, NO_CODE];
    for (const [value, word] of words) {
      let node = 0;
      for (let i = 0; i < word.length; i++) {
        const slot = 2 * node + Number(word[i]);
        if (i === word.length - 1) children[slot] = -2 - value;
        else if (children[slot] === NO_CODE) {
          children[slot] = children.length / 2;
          children.push(NO_CODE, NO_CODE);
        }
        node = children[slot];
      }
      if (word.length > FAST_BITS) continue;
      const spare = FAST_BITS - word.length;
      const first = Number.parseInt(word, 2) << spare;
      this.#fast.fill(value * 32 + word.length, first, first + (1 << spare));
    }
    this.children = Int32Array.from(children);
    this.shortest = new Uint8Array(children.length / 2);
    // Parents have smaller numbers than their children.
    for (let node = this.shortest.length - 1; node >= 0; node--) {
      this.shortest[node] = Math.min(this.bitsToEnd(node, 0), this.bitsToEnd(node, 1));
    }
  }

  /** The fewest bits to the end of a word that continues with `bit`; Infinity if there is none. */
  bitsToEnd(node: number, bit: number): number {
    const child = this.children[2 * node + bit];
    if (child === NO_CODE) return Infinity;
    return child < NO_CODE ? 1 : 1 + this.shortest[child];
  }

  /**
   * @param next the next 32 bits
   * @returns value * 32 + length of the word at their beginning, or -1 if there is none
   */
  read(next: number): number {
    const fast = this.#fast[next >>> (32 - FAST_BITS)];
    if (fast >= 0) return fast;
    let node = 0;
    for (let length = 1; length <= 32; length++) {
      node = this.children[2 * node + ((next >>> (32 - length)) & 1)];
      if (node === NO_CODE) return -1;
      if (node < NO_CODE) return (-2 - node) * 32 + length;
    }
    return -1;
  }
}
