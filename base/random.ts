/** Pseudo-random numbers that are the same on every machine: an order is a function of its seed. */

/** Mixes words into one, each step a bijection (the finalizer of MurmurHash3). */
export function hashWords(...words: number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/**
 * xoshiro128** (Blackman and Vigna, 2018), seeded by any number of 32-bit words.
 * @returns a function that gives an integer in [0, bound), 0 < bound < 2 ** 32
 */
export function randomIntegers(...seed: number[]): (bound: number) => number {
  // The last word keeps the state from being all zero.
  let [a, b, c, d] = [1, 2, 3, 4].map((i) => hashWords(...seed, i) | 0);
  d |= 1;
  const next = () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return scrambled >>> 0;
  };
  return (bound) => Math.floor((next() / 2 ** 32) * bound);
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** 0..count-1 in a random order (Fisher–Yates). */
export function permutation(count: number, random: (bound: number) => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
