/**
 * Memory of one rank while it computes gradients, which is the peak. It counts the tensors; the
 * process itself takes a few hundred MiB more.
 */
import { type LlamaConfig, parameterCount } from '../model/config.ts';
import { partsOf } from '../model/parts.ts';
import { type ActivationOptions, activationCounts } from './activations.ts';

/** All tensors are counted as fp32; in bf16 the saved inputs of layers take half of that. */
const BYTES = 4;

export interface MemoryOptions extends ActivationOptions {
  gradAccumulation: number;
  zero: 0 | 1;
  worldSize: number;
}

/** Memory of one rank in bytes, at the moment when it is highest. */
export interface MemoryEstimate {
  weights: number;
  /** Those that are there at that moment; with accumulation, also their sum so far. */
  gradients: number;
  /**
   * Both moments of AdamW; with ZeRO-1, the rank's share of them and of the weights that it
   * updates.
   */
  optimizer: number;
  activations: number;
  total: number;
}

export function estimateMemory(config: LlamaConfig, options: MemoryOptions): MemoryEstimate {
  const { gradAccumulation, zero, worldSize } = options;
  const weights = BYTES * parameterCount(config);
  const optimizer = zero === 1 ? (3 * weights) / worldSize : 2 * weights;
  const sums = gradAccumulation > 1 ? weights : 0;
  const [part, ends] = [largestBlock(config), endsOf(config)].map((count) => BYTES * count);
  const { kept, block, head } = activationCounts(config, options);
  const { layers } = config;
  // Activations are freed and gradients come, block after block: the peak is at one of the ends.
  const moments = [
    { gradients: sums + ends, activations: layers * kept + head },
    { gradients: sums + ends + part, activations: layers * kept + block },
    { gradients: sums > 0 ? sums + ends + part : weights, activations: kept + block },
  ].map(({ gradients, activations }) => ({ gradients, activations: BYTES * activations }));
  const total = (moment: (typeof moments)[0]) =>
    weights + optimizer + moment.gradients + moment.activations;
  const highest = moments.reduce((a, b) => (total(b) > total(a) ? b : a));
  return { weights, optimizer, ...highest, total: total(highest) };
}

/** Number of weights of a block, and of the output and the embedding together. */
function largestBlock(config: LlamaConfig): number {
  return countOf(partsOf(config).get(0)!);
}

function endsOf(config: LlamaConfig): number {
  return parameterCount(config) - config.layers * largestBlock(config);
}

function countOf(shapes: ReadonlyMap<string, number[]>): number {
  let count = 0;
  for (const shape of shapes.values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}
