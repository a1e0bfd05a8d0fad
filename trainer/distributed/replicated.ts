/**
 * Plain data parallelism: gradients are summed over ranks, and every rank updates all weights in
 * the same way.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import type { NamedArray } from '../model/streams.ts';
import { AdamW, type AdamWOptions, type AdamWState } from '../optim/adamw.ts';
import { clipGradients } from '../optim/clip.ts';
import { type Bucket, bucketsOf, pack, unpack } from './buckets.ts';
import type { Communicator } from './communicator.ts';
import { Messages } from './messages.ts';
import {
  MOMENTS,
  momentPairs,
  momentShapes,
  type RankedOptimizer,
  type StoredMoments,
} from './ranked.ts';

export class ReplicatedAdamW implements RankedOptimizer {
  readonly #backend: Backend;
  readonly #communicator: Communicator;
  readonly #parameters: ReadonlyMap<string, Variable>;
  readonly #adamw: AdamW;
  readonly #buckets: Bucket[];
  readonly #messages: Messages;

  constructor(
    backend: Backend,
    communicator: Communicator,
    parameters: ReadonlyMap<string, Variable>,
    options: AdamWOptions,
  ) {
    this.#backend = backend;
    this.#messages = new Messages(backend);
    this.#communicator = communicator;
    this.#parameters = parameters;
    this.#adamw = new AdamW(backend, parameters, options);
    this.#buckets = communicator.size > 1 ? bucketsOf(parameters) : [];
  }

  async step(
    gradients: Map<string, Tensor>,
    lr: number,
    clipNorm: number,
    check: (norm: number, sums: ReadonlyMap<string, Tensor>) => Promise<void>,
  ): Promise<number> {
    const { tf } = this.#backend;
    const messages = this.#messages;
    for (const bucket of this.#buckets) {
      const values = pack(bucket, gradients, messages);
      for (const { name } of bucket.slots) gradients.get(name)!.dispose();
      await this.#communicator.allReduce(values);
      for (const [name, sum] of unpack(bucket, values, messages)) gradients.set(name, sum);
      messages.give(values);
    }
    const norm = await clipGradients(this.#backend, gradients, clipNorm);
    await check(norm, gradients);
    this.#adamw.apply(gradients, lr);
    tf.dispose([...gradients.values()]);
    return norm;
  }

  momentShapes(): Map<string, number[]> {
    return momentShapes(this.#parameters);
  }

  async *moments(): AsyncGenerator<NamedArray, void> {
    for (const name of this.#parameters.keys()) {
      const both = this.#adamw.read(name);
      for (const [i, key] of MOMENTS.entries()) yield [`${key}.${name}`, both[i]];
    }
  }

  load(state: AdamWState): void {
    this.#adamw.load(state);
  }

  async restore({ step, tensors }: StoredMoments): Promise<void> {
    for await (const { name, m, v } of momentPairs(tensors)) this.#adamw.write(name, m, v);
    this.#adamw.step = step;
  }

  dispose(): void {
    this.#adamw.dispose();
  }
}
