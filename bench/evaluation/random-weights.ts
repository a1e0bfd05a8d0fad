/**
 * Random weights that TypeScript and Python make alike, so that no file of 95 MB has to be kept to
 * compare networks: bench/peers/evaluation/random_weights.py says how they are made.
 */
import type { Weights } from '../../base/safetensors/weights.ts';

function bitsOf(start: number, i: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + start) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** FNV-1a */
function hashOf(name: string): number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
}

function scaleOf(name: string, shape: readonly number[]): (u: number) => number {
  if (shape.length > 1) {
    const scale = Math.sqrt(6 / shape.slice(1).reduce((product, side) => product * side, 1));
    return (u) => u * scale;
  }
  if (name.endsWith('running_var')) return (u) => 1 + 0.5 * u;
  return /(weight|lambda1)$/.test(name) ? (u) => 1 + 0.1 * u : (u) => 0.1 * u;
}

/** 32 random bits for each of `count` numbers, as Python's `bits` of random_weights.py. */
export function randomBits(name: string, count: number, seed: number): Uint32Array {
  const start = hashOf(name) + seed;
  return Uint32Array.from({ length: count }, (_, i) => bitsOf(start, i));
}

/** @param shapes by name, as the golden files have them */
export function randomWeights(shapes: Readonly<Record<string, number[]>>, seed: number): Weights {
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const count = shape.reduce((product, side) => product * side, 1);
      const start = hashOf(name) + seed;
      const value = scaleOf(name, shape);
      const data = Float32Array.from({ length: count }, (_, i) =>
        value((bitsOf(start, i) / 2 ** 32) * 2 - 1),
      );
      return [name, { shape, data }];
    }),
  );
}
