/**
 * ZeRO stage 3: gradients are summed and divided among the ranks of a group as they come, bucket by
 * bucket, and each rank updates its own share. With several groups, which are replicas of each other
 * (hybrid sharding; Zhao et al. 2023, arXiv 2304.11277, section 3.2.2), a share is summed over them
 * once a step.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { parameterShapes } from '../model/config.ts';
import { type ModelPart, partsOf } from '../model/parts.ts';
import type { NamedArray } from '../model/streams.ts';
import { AdamW, type AdamWOptions } from '../optim/adamw.ts';
import { clipGradients } from '../optim/clip.ts';
import { pack } from './buckets.ts';
import type { RankGroups } from './groups.ts';
import { MOMENTS, momentPairs, momentShapes, type StoredMoments } from './ranked.ts';
import { gatherWhole, type ShardedLlama } from './sharded-llama.ts';
import { packShare, unpackShare } from './shares.ts';
import type { ClippedStep, Training } from './training.ts';

export class ShardedTraining implements Training {
  readonly model: ShardedLlama;
  readonly #groups: RankGroups;
  readonly #adamw: AdamW;
  /** Sums over the micro batches of a step and the ranks of the group, of this rank's pieces. */
  readonly #sums = new Map<string, Tensor>();

  constructor(model: ShardedLlama, groups: RankGroups, options: AdamWOptions) {
    this.model = model;
    this.#groups = groups;
    this.#adamw = new AdamW(model.backend, model.pieces, options);
  }

  /** Takes this rank's pieces from whole moments. */
  async restore({ step, tensors }: StoredMoments): Promise<void> {
    const pieces = new Map(
      this.#shares().flatMap(({ pieces }) => pieces.map((one) => [one.name, one])),
    );
    for await (const { name, m, v } of momentPairs(tensors)) {
      const piece = pieces.get(name);
      if (!piece) continue;
      const [mine, theirs] = [m, v].map((whole) => whole.slice(piece.from, piece.to));
      this.#adamw.write(name, mine, theirs);
    }
    this.#adamw.step = step;
  }

  async add(part: ModelPart, gradients: Map<string, Tensor>): Promise<void> {
    const { messages, shares, backend } = this.model;
    const { tf } = backend;
    const { shard } = this.#groups;
    for (const share of shares.get(part)!) {
      const values = pack(share, gradients, messages);
      tf.dispose(share.slots.map(({ name }) => gradients.get(name)!));
      const into = messages.take(share.counts[shard.rank]);
      const sums = await shard.reduceScatter(values, share.counts, into);
      for (const [name, more] of unpackShare(share, sums, messages)) {
        const before = this.#sums.get(name);
        this.#sums.set(name, before ? tf.add(before, more) : more);
        if (before) tf.dispose([before, more]);
      }
      messages.give(values, into);
    }
  }

  async step(
    lr: number,
    clipNorm: number,
    check: (step: ClippedStep) => Promise<void>,
  ): Promise<number> {
    const { tf } = this.model.backend;
    await this.#sumOverReplicas();
    const { shard } = this.#groups;
    const norm = await clipGradients(this.model.backend, this.#sums, clipNorm, async (squares) => {
      const total = Float64Array.of(squares);
      await shard.allReduce(total);
      return total[0];
    });
    const byName = (tensors: ReadonlyMap<string, Tensor>) =>
      new Map(
        [...parameterShapes(this.model.config).keys()].map((name) => [name, tensors.get(name)]),
      );
    await check({ norm, parameters: byName(this.model.pieces), gradients: byName(this.#sums) });
    this.#adamw.apply(this.#sums, lr);
    tf.dispose([...this.#sums.values()]);
    this.#sums.clear();
    this.model.closeAll();
    return norm;
  }

  weights(): AsyncGenerator<NamedArray, void> {
    return this.model.weights();
  }

  momentShapes(): Map<string, number[]> {
    const shapes = [...parameterShapes(this.model.config)];
    return momentShapes(new Map(shapes.map(([name, shape]) => [name, { shape }])));
  }

  async *moments(): AsyncGenerator<NamedArray, void> {
    for (const [part, shapes] of partsOf(this.model.config)) {
      const both: Map<string, Float32Array>[] = [];
      for (const i of MOMENTS.keys()) {
        const shares = this.model.shares.get(part)!;
        both.push(
          await gatherWhole(
            this.#groups.shard,
            shares,
            this.model.messages,
            (name) => this.#adamw.read(name)[i],
          ),
        );
      }
      for (const name of shapes.keys()) {
        for (const [i, key] of MOMENTS.entries()) yield [`${key}.${name}`, both[i].get(name)!];
      }
    }
  }

  dispose(): void {
    this.model.backend.tf.dispose([...this.#sums.values()]);
    this.#sums.clear();
    this.#adamw.dispose();
    this.model.dispose();
  }

  async #sumOverReplicas(): Promise<void> {
    const { shard, replicas } = this.#groups;
    if (replicas.size === 1) return;
    const { messages } = this.model;
    for (const share of this.#shares()) {
      const part = packShare(share, shard.rank, (name) => this.#sums.get(name)!, messages);
      await replicas.allReduce(part);
      for (const [name, sum] of unpackShare(share, part, messages)) {
        this.#sums.get(name)!.dispose();
        this.#sums.set(name, sum);
      }
      messages.give(part);
    }
  }

  #shares() {
    return [...this.model.shares.values()].flat();
  }
}
