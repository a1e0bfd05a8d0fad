/** Weights or moments that come one tensor after the other, so that nobody has to hold all. */
import type { LlamaConfig } from './config.ts';
import { parameterShapes } from './config.ts';
import type { WeightSource } from './init.ts';

/** A tensor in fp32 under its name in a checkpoint. The array may be used only until the next comes. */
export type NamedArray = readonly [name: string, data: Float32Array];

export type TensorStream = AsyncIterable<NamedArray>;

/** The weights of a configuration from a source that has them by name. */
export async function* weightStream(
  config: LlamaConfig,
  source: WeightSource,
): AsyncGenerator<NamedArray> {
  for (const name of parameterShapes(config).keys()) {
    const found = source.get(name);
    if (found) yield [name, found.data];
  }
}
