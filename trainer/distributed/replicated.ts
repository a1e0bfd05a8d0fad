/**
 * Plain data parallelism: gradients are summed over ranks, and every rank updates all weights in
 * the same way.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { AdamW, type AdamWOptions, type AdamWState } from '../optim/adamw.ts';
import { clipGradients } from '../optim/clip.ts';
import { type Bucket, bucketsOf, pack, unpack } from './buckets.ts';
import type { Communicator } from './communicator.ts';
import { momentShapes, type NamedMoment, type RankedOptimizer } from './ranked.ts';

export class ReplicatedAdamW implements RankedOptimizer {
  readonly #backend: Backend;
  readonly #communicator: Communicator;
  readonly #parameters: ReadonlyMap<string, Variable>;
  readonly #adamw: AdamW;
  readonly #buckets: Bucket[];

  constructor(
    backend: Backend,
    communicator: Communicator,
    parameters: ReadonlyMap<string, Variable>,
    options: AdamWOptions,
  ) {
    this.#backend = backend;
    this.#communicator = communicator;
    this.#parameters = parameters;
    this.#adamw = new AdamW(backend, parameters, options);
    this.#buckets = communicator.size > 1 ? bucketsOf(parameters) : [];
  }

  async step(
    gradients: Map<string, Tensor>,
    lr: number,
    clipNorm: number,
    check: (norm: number) => Promise<void>,
  ): Promise<number> {
    const { tf } = this.#backend;
    for (const bucket of this.#buckets) {
      const values = await pack(bucket, gradients);
      await this.#communicator.allReduce(values);
      for (const [name, sum] of unpack(tf, bucket, values)) {
        gradients.get(name)!.dispose();
        gradients.set(name, sum);
      }
    }
    const norm = await clipGradients(this.#backend, gradients, clipNorm);
    await check(norm);
    this.#adamw.apply(gradients, lr);
    tf.dispose([...gradients.values()]);
    return norm;
  }

  momentShapes(): Map<string, number[]> {
    return momentShapes(this.#parameters);
  }

  async *moments(): AsyncGenerator<NamedMoment, void> {
    const { tensors } = await this.#adamw.state();
    for (const [name, { data }] of tensors) yield [name, data];
  }

  load(state: AdamWState): void {
    this.#adamw.load(state);
  }

  dispose(): void {
    this.#adamw.dispose();
  }
}
