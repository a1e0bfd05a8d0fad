/**
 * ZeRO stage 1 (Rajbhandari et al. 2020, arXiv 1910.02054, section 5.1): the moments of AdamW are
 * sharded. A rank owns a share of every bucket: it gets the summed gradients of its share, updates
 * those weights, and sends them to the other ranks.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';
import type { NamedArray } from '../model/streams.ts';
import { AdamW, type AdamWOptions, type AdamWState } from '../optim/adamw.ts';
import { clipGradients } from '../optim/clip.ts';
import { bucketsOf, pack, unpack } from './buckets.ts';
import type { Communicator } from './communicator.ts';
import { Messages } from './messages.ts';
import {
  MOMENTS,
  momentPairs,
  momentShapes,
  type RankedOptimizer,
  type StoredMoments,
} from './ranked.ts';
import { bucketShare, packShare, type Share, unpackShare } from './shares.ts';

export class ShardedAdamW implements RankedOptimizer {
  readonly #backend: Backend;
  readonly #communicator: Communicator;
  readonly #parameters: ReadonlyMap<string, Variable>;
  readonly #shares: Share[];
  /** This rank's share of the weights, by parameter name. */
  readonly #pieces: Map<string, Variable>;
  readonly #adamw: AdamW;
  readonly #messages: Messages;

  constructor(
    backend: Backend,
    communicator: Communicator,
    parameters: ReadonlyMap<string, Variable>,
    options: AdamWOptions,
  ) {
    const { tf } = backend;
    this.#backend = backend;
    this.#messages = new Messages(backend);
    this.#communicator = communicator;
    this.#parameters = parameters;
    this.#shares = bucketsOf(parameters).map((bucket) => bucketShare(bucket, communicator));
    this.#pieces = new Map(
      this.#shares.flatMap(({ pieces }) =>
        pieces.map(({ name, shape, from, to }) => {
          const piece = tf.tidy(() =>
            tf.variable(
              tf.reshape(tf.slice(tf.reshape(parameters.get(name)!, [-1]), from, to - from), shape),
            ),
          );
          return [name, piece] as const;
        }),
      ),
    );
    this.#adamw = new AdamW(backend, this.#pieces, options);
  }

  async step(
    gradients: Map<string, Tensor>,
    lr: number,
    clipNorm: number,
    check: (norm: number, sums: ReadonlyMap<string, Tensor | undefined>) => Promise<void>,
  ): Promise<number> {
    const { tf } = this.#backend;
    const messages = this.#messages;
    const { rank } = this.#communicator;
    const mine = new Map<string, Tensor>();
    for (const share of this.#shares) {
      const { counts } = share;
      const values = pack(share, gradients, messages);
      tf.dispose(share.slots.map(({ name }) => gradients.get(name)!));
      const into = messages.take(counts[rank]);
      const sums = await this.#communicator.reduceScatter(values, counts, into);
      for (const [name, sum] of unpackShare(share, sums, messages)) mine.set(name, sum);
      messages.give(values, into);
    }
    const norm = await clipGradients(this.#backend, mine, clipNorm, async (squares) => {
      const total = Float64Array.of(squares);
      await this.#communicator.allReduce(total);
      return total[0];
    });
    await check(norm, new Map([...gradients.keys()].map((name) => [name, mine.get(name)])));
    this.#adamw.apply(mine, lr);
    tf.dispose([...mine.values()]);
    await this.#shareWeights();
    return norm;
  }

  momentShapes(): Map<string, number[]> {
    return momentShapes(this.#parameters);
  }

  async *moments(): AsyncGenerator<NamedArray, void> {
    for (const share of this.#shares) {
      const both: Float32Array[] = [];
      for (const i of MOMENTS.keys()) {
        const part = this.#pack(share, (name) => this.#adamw.read(name)[i]);
        both.push(await this.#communicator.allGather(part, share.counts));
        this.#messages.give(part);
      }
      for (const { name, start, end } of share.slots) {
        for (const [i, key] of MOMENTS.entries()) {
          yield [`${key}.${name}`, both[i].subarray(start, end)];
        }
      }
    }
  }

  load({ step, tensors }: AdamWState): void {
    const mine: Weights = new Map();
    for (const { name, shape, from, to } of this.#shares.flatMap(({ pieces }) => pieces)) {
      for (const key of MOMENTS) {
        const whole = tensors.get(`${key}.${name}`);
        if (whole?.shape.join() !== this.#parameters.get(name)!.shape.join()) {
          throw new CodecLmError(
            'CHECKPOINT_INVALID',
            `the optimizer's tensor ${key}.${name} is missing or has another shape`,
          );
        }
        mine.set(`${key}.${name}`, { shape, data: whole!.data.subarray(from, to) });
      }
    }
    this.#adamw.load({ step, tensors: mine });
  }

  async restore({ step, tensors }: StoredMoments): Promise<void> {
    const pieces = new Map(
      this.#shares.flatMap(({ pieces }) => pieces.map((one) => [one.name, one])),
    );
    for await (const { name, m, v } of momentPairs(tensors)) {
      const piece = pieces.get(name);
      if (!piece) continue;
      this.#adamw.write(name, m.slice(piece.from, piece.to), v.slice(piece.from, piece.to));
    }
    this.#adamw.step = step;
  }

  dispose(): void {
    this.#adamw.dispose();
    for (const piece of this.#pieces.values()) piece.dispose();
  }

  /** Copies each rank's share to the weights of the model, in every rank. Collective. */
  async #shareWeights(): Promise<void> {
    const messages = this.#messages;
    for (const share of this.#shares) {
      const part = this.#pack(share, (name) => this.#pieces.get(name)!);
      const into = messages.take(share.length);
      const all = await this.#communicator.allGather(part, share.counts, into);
      for (const [name, weights] of unpack(share, all, messages)) {
        this.#parameters.get(name)!.assign(weights);
        weights.dispose();
      }
      messages.give(part, into);
    }
  }

  #pack(share: Share, valuesOf: (name: string) => Tensor | Float32Array): Float32Array {
    return packShare(share, this.#communicator.rank, valuesOf, this.#messages);
  }
}
