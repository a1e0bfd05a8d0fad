/** Random numbers of a sample: each sample has a stream of its own, so it does not matter which others are drawn beside it. */

export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
}

/**
 * xoshiro128** (Blackman and Vigna, 2018), its state filled by SplitMix32 from the two numbers.
 * @param seed of the command, an unsigned 32-bit number
 * @param stream the index of the sample
 */
export function createRandom(seed: number, stream: number): Random {
  const mix = splitMix32((seed ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0);
  const state = Uint32Array.from([mix(), mix(), mix(), mix()]);
  const next32 = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return { next: () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53 };
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function splitMix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}
