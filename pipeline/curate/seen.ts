/** What curation has seen so far: contents by their hash, and pictures by their look. */

/** Words of a hash that are compared: 128 bits, so that no two of billions of contents meet. */
const WORDS = 4;

/**
 * A table from hashes to documents. A `Map` ends at 16.7 million entries; this takes 20 bytes a slot,
 * half of them empty.
 */
export class SeenHashes {
  #keys = new Uint32Array(1024 * WORDS);
  #documents = new Int32Array(1024).fill(-1);
  #count = 0;

  /**
   * @param hash at least 16 bytes
   * @returns the first document of this hash; undefined when it is this one
   */
  add(hash: Buffer, docId: number): number | undefined {
    if (2 * this.#count >= this.#documents.length) this.#grow();
    const slot = this.#slotOf([0, 4, 8, 12].map((at) => hash.readUInt32LE(at)));
    if (this.#documents[slot] >= 0) return this.#documents[slot];
    for (let i = 0; i < WORDS; i++) this.#keys[slot * WORDS + i] = hash.readUInt32LE(i * 4);
    this.#documents[slot] = docId;
    this.#count++;
    return undefined;
  }

  /** @returns whether the hash was added */
  has(hash: Buffer): boolean {
    const slot = this.#slotOf([0, 4, 8, 12].map((at) => hash.readUInt32LE(at)));
    return this.#documents[slot] >= 0;
  }

  /** The slot that holds the key, or the empty one where it belongs. */
  #slotOf(key: ArrayLike<number>): number {
    const slots = this.#documents.length;
    let slot = key[0] & (slots - 1);
    while (this.#documents[slot] >= 0 && !this.#holds(slot, key)) slot = (slot + 1) & (slots - 1);
    return slot;
  }

  #holds(slot: number, key: ArrayLike<number>): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#keys[slot * WORDS + i] !== key[i]) return false;
    return true;
  }

  #grow(): void {
    const [keys, documents] = [this.#keys, this.#documents];
    this.#keys = new Uint32Array(2 * keys.length);
    this.#documents = new Int32Array(2 * documents.length).fill(-1);
    for (const [i, docId] of documents.entries()) {
      if (docId < 0) continue;
      const key = keys.subarray(i * WORDS, (i + 1) * WORDS);
      const slot = this.#slotOf(key);
      this.#keys.set(key, slot * WORDS);
      this.#documents[slot] = docId;
    }
  }
}

/** Bits of a look, the difference hash of a picture. */
const BITS = 64n;

/** Fewest bands: 16 bits each keep the buckets short. */
const FEWEST_BANDS = 4;

/**
 * Looks by their bands of bits: two that differ in at most N bits agree in at least one of N + 1
 * bands, so only those in the same bucket are compared.
 */
export class SeenLooks {
  readonly #distance: number;
  readonly #bands: { shift: bigint; mask: bigint; buckets: Map<number, number[]> }[] = [];
  /** Two words for each look that was kept, and its document. */
  readonly #looks: number[] = [];
  readonly #documents: number[] = [];

  /** @param distance most bits in which the look of a near duplicate differs */
  constructor(distance: number) {
    this.#distance = distance;
    const count = BigInt(Math.max(FEWEST_BANDS, distance + 1));
    for (let i = 0n; i < count; i++) {
      const shift = (i * BITS) / count;
      const width = ((i + 1n) * BITS) / count - shift;
      this.#bands.push({ shift, mask: (1n << width) - 1n, buckets: new Map() });
    }
  }

  /** @returns the first document that looks like this one; undefined where there is none, and it is kept */
  add(look: bigint, docId: number): number | undefined {
    const [low, high] = [Number(look & 0xffffffffn), Number(look >> 32n)];
    let first: number | undefined;
    const buckets = this.#bands.map(({ shift, mask, buckets: all }) => {
      const key = Number((look >> shift) & mask);
      const bucket = all.get(key) ?? [];
      all.set(key, bucket);
      return bucket;
    });
    for (const bucket of buckets) {
      // A bucket is in the order of the plan: its first hit is its earliest.
      const hit = bucket.find((index) => this.#isNear(index, low, high));
      if (hit !== undefined) first = Math.min(first ?? hit, hit);
    }
    if (first !== undefined) return this.#documents[first];
    const index = this.#documents.push(docId) - 1;
    this.#looks.push(low, high);
    for (const bucket of buckets) bucket.push(index);
    return undefined;
  }

  #isNear(index: number, low: number, high: number): boolean {
    const differing = ones(this.#looks[2 * index] ^ low) + ones(this.#looks[2 * index + 1] ^ high);
    return differing <= this.#distance;
  }
}

/** Number of ones among 32 bits (Warren, Hacker's Delight, section 5-1). */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
