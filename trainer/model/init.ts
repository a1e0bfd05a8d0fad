/**
 * Initial weights from a seed. The numbers come from this project's own generator, not from the
 * backend's, so that native and wasm start from the same bits.
 */
import type { Weights } from '../../base/safetensors/weights.ts';
import { INITIAL_DEVIATION, type LlamaConfig, parameterShapes } from './config.ts';
import { widthScale } from './width-scale.ts';

/** A source of weights that gives one at a time, so that nobody has to hold all of them. */
export type WeightSource = Pick<Weights, 'get'>;

/**
 * Norms are 1; matrices and embeddings are normally distributed with standard deviation 0.02. Each
 * array is made anew at every request.
 * @param widthRatio width over the one whose deviations were chosen; see `widthScale`
 */
export function initialSource(config: LlamaConfig, seed: number, widthRatio = 1): WeightSource {
  const shapes = parameterShapes(config);
  const names = [...shapes.keys()];
  return {
    get(name) {
      const shape = shapes.get(name);
      if (!shape) return undefined;
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      // Each tensor has its own stream: adding a layer does not change the weights before it.
      const { deviation } = widthScale(name, shape.length, widthRatio);
      if (shape.length === 1) data.fill(1);
      else fillNormal(data, INITIAL_DEVIATION * deviation, mix(seed, names.indexOf(name)));
      return { shape, data };
    },
  };
}

/** All initial weights at once. */
export function initialWeights(config: LlamaConfig, seed: number): Weights {
  const source = initialSource(config, seed);
  return new Map([...parameterShapes(config).keys()].map((name) => [name, source.get(name)!]));
}

/** Normal numbers by Box and Muller (1958) over mulberry32. */
function fillNormal(data: Float32Array, deviation: number, seed: number): void {
  const uniform = mulberry32(seed);
  for (let i = 0; i < data.length; i += 2) {
    // 1 - u is in (0, 1]: its logarithm is finite.
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    data[i] = radius * Math.cos(angle);
    if (i + 1 < data.length) data[i + 1] = radius * Math.sin(angle);
  }
}

/** Mixes two numbers to 32 bits (the finalizer of MurmurHash3). */
function mix(seed: number, stream: number): number {
  let hash = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** mulberry32 (Tommy Ettinger, public domain): uniform in [0, 1) from 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}
