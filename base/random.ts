/** Pseudo-random numbers that are the same on every machine: the seed alone decides an order. */

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
 * xoshiro128** (Blackman and Vigna, 2018).
 * @param state four words, not all zero
 * @returns a function that gives 32 uniform bits
 */
function xoshiro128([a, b, c, d]: readonly [number, number, number, number]): () => number {
  return () => {
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
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/**
 * Random integers for shuffling, seeded by any number of 32-bit words.
 * @returns a function that gives an integer in [0, bound), 0 < bound < 2 ** 32
 */
export function randomIntegers(...seed: number[]): (bound: number) => number {
  const word = (i: number) => hashWords(...seed, i) | 0;
  // The last word keeps the state from being all zero.
  const next = xoshiro128([word(1), word(2), word(3), word(4) | 1]);
  return (bound) => Math.floor((next() / 2 ** 32) * bound);
}

/**
 * Random fractions for sampling. Each sample has its own stream, so a sample does not depend on the
 * others drawn beside it. SplitMix32 fills the state.
 * @param seed the seed of the command, an unsigned 32-bit number
 * @param stream the index of the sample
 * @returns a function that gives a number in [0, 1), 53 bits of it uniform
 */
export function randomFractions(seed: number, stream: number): () => number {
  const mix = splitMix32((seed ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0);
  const next = xoshiro128([mix(), mix(), mix(), mix()]);
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

function splitMix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
}

/** The numbers 0..count-1 in random order (Fisher–Yates). */
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
