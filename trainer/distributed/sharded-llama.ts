/**
 * ZeRO stage 3 (Rajbhandari et al. 2020, arXiv 1910.02054, section 5.3): each rank of a group keeps
 * only its share of every weight, in fp32. The weights of a block are gathered when a pass comes to
 * it, while those of the next are already on their way, and freed when it has been computed.
 */
import type { Tensor, Tensor1D, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Backend } from '../../compute/choose.ts';
import type { NamedTensors } from '../model/block.ts';
import { type LlamaConfig, parameterShapes } from '../model/config.ts';
import { type ModelPart, partsOf, type Trainable } from '../model/parts.ts';
import { RopeTables } from '../model/rope-tables.ts';
import type { NamedArray, TensorStream } from '../model/streams.ts';
import type { Bf16Backend } from '../ops/bf16.ts';
import { fromWords, toWords, wordCount } from '../ops/bf16-words.ts';
import type { Precision } from '../ops/linear.ts';
import type { RopeTable } from '../ops/rope.ts';
import { bucketsOf, unpack } from './buckets.ts';
import type { Communicator } from './communicator.ts';
import { Messages } from './messages.ts';
import { bucketShare, packShare, type Share } from './shares.ts';

/** A share of all ranks, and the memory that its message took. */
interface Gathered {
  all: Float32Array;
  memory: Float32Array[];
}

export class ShardedLlama implements Trainable {
  readonly backend: Backend;
  readonly config: LlamaConfig;
  readonly isCollective = true;
  /** This rank's share of each part's weights. Matrices and norms are in buckets of their own. */
  readonly shares: ReadonlyMap<ModelPart, readonly Share[]>;
  readonly #pieces = new Map<string, Variable>();
  readonly #group: Communicator;
  readonly #isNarrow: boolean;
  readonly #ropeTables: RopeTables;
  readonly #opened = new Map<ModelPart, NamedTensors>();
  readonly #coming = new Map<ModelPart, Promise<Gathered[]>>();
  readonly messages: Messages;

  /** @param precision with bf16, the matrices of blocks are gathered in bf16: half of the message */
  constructor(backend: Backend, config: LlamaConfig, group: Communicator, precision: Precision) {
    this.backend = backend;
    this.config = config;
    this.#group = group;
    this.messages = new Messages(backend);
    this.#isNarrow = precision === 'bf16' && backend.native !== undefined;
    this.#ropeTables = new RopeTables(backend, config);
    this.shares = new Map(
      [...partsOf(config)].map(([part, shapes]) => [part, sharesOf(shapes, group)] as const),
    );
  }

  /**
   * Takes this rank's pieces from whole weights, one after the other.
   * @throws CodecLmError `CHECKPOINT_INVALID` when one is missing; whatever the stream throws
   */
  async load(weights: TensorStream): Promise<void> {
    const { tf, native } = this.backend;
    const shapes = parameterShapes(this.config);
    const found = new Set<string>();
    const pieces = new Map(
      [...this.shares.values()]
        .flat()
        .flatMap(({ pieces }) => pieces.map((one) => [one.name, one])),
    );
    for await (const [name, data] of weights) {
      found.add(name);
      const piece = pieces.get(name);
      if (!piece) continue;
      const value = tf.tensor(data.slice(piece.from, piece.to), piece.shape, 'float32');
      // Otherwise tfjs would keep the array beside its copy until the first step.
      native?.tensorIds([value]);
      this.#pieces.set(name, tf.variable(value));
      value.dispose();
    }
    const missing = [...shapes.keys()].find((name) => !found.has(name));
    if (missing !== undefined) {
      throw new CodecLmError('CHECKPOINT_INVALID', `the weight ${missing} is missing`);
    }
  }

  /** This rank's pieces, by the name of the weight; a rank need not have one of each. */
  get pieces(): ReadonlyMap<string, Variable> {
    return this.#pieces;
  }

  async open(part: ModelPart, next?: ModelPart): Promise<NamedTensors> {
    const weights = this.#opened.get(part) ?? (await this.#arrived(part));
    if (next !== undefined && !this.#opened.has(next)) this.#begin(next);
    return weights;
  }

  close(part: ModelPart): void {
    this.backend.tf.dispose([...(this.#opened.get(part)?.values() ?? [])]);
    this.#opened.delete(part);
  }

  /** Frees everything that was gathered: the weights are about to change. */
  closeAll(): void {
    for (const part of [...this.#opened.keys()]) this.close(part);
  }

  rope(time: number): RopeTable {
    return this.#ropeTables.at(time);
  }

  /** All weights, whole, in every rank, a part at a time. Collective. */
  async *weights(): AsyncGenerator<NamedArray, void> {
    for (const [part, shapes] of partsOf(this.config)) {
      const shares = this.shares.get(part)!;
      const whole = await gatherWhole(
        this.#group,
        shares,
        this.messages,
        (name) => this.#pieces.get(name)!,
      );
      for (const name of shapes.keys()) yield [name, whole.get(name)!];
    }
  }

  dispose(): void {
    this.closeAll();
    for (const piece of this.#pieces.values()) piece.dispose();
    this.#ropeTables.dispose();
  }

  /**
   * Sends this rank's share of a part, and begins to receive the others'. All messages begin before
   * this returns, so that ranks begin them in the same order, whatever they wait for.
   */
  #begin(part: ModelPart): Promise<Gathered[]> {
    const known = this.#coming.get(part);
    if (known) return known;
    const messages = this.shares.get(part)!.map(async (share) => {
      const isNarrow = this.#isSentNarrow(part, share);
      const counts = isNarrow ? share.counts.map(wordCount) : share.counts;
      const mine = isNarrow ? this.#words(share) : this.#numbers(share);
      const into = this.messages.take(counts.reduce((sum, count) => sum + count, 0));
      const all = await this.#group.allGather(mine, counts, into);
      return { all, memory: [mine, into] };
    });
    const coming = Promise.all(messages);
    // Whoever opens the part sees the error; until then it is nobody's.
    coming.catch(() => undefined);
    this.#coming.set(part, coming);
    return coming;
  }

  async #arrived(part: ModelPart): Promise<NamedTensors> {
    const gathered = await this.#begin(part);
    this.#coming.delete(part);
    const byName = new Map<string, Tensor>();
    for (const [i, share] of this.shares.get(part)!.entries()) {
      const { all, memory } = gathered[i];
      if (this.#isSentNarrow(part, share)) {
        const words = this.messages.copyIn(all, [all.length]) as Tensor1D;
        const shapes = share.slots.map(({ shape }) => shape);
        const matrices = fromWords(this.backend as Bf16Backend, words, shapes);
        words.dispose();
        for (const [j, { name }] of share.slots.entries()) byName.set(name, matrices[j]);
      } else {
        for (const [name, weight] of unpack(share, all, this.messages)) byName.set(name, weight);
      }
      this.messages.give(...memory);
    }
    const names = [...partsOf(this.config).get(part)!.keys()];
    const weights = new Map(names.map((name) => [name, byName.get(name)!]));
    this.#opened.set(part, weights);
    return weights;
  }

  #isSentNarrow(part: ModelPart, { slots }: Share): boolean {
    return this.#isNarrow && typeof part === 'number' && slots[0].shape.length > 1;
  }

  #numbers(share: Share): Float32Array {
    return packShare(share, this.#group.rank, (name) => this.#pieces.get(name)!, this.messages);
  }

  /** The share in bfloat16, two numbers a word. */
  #words({ pieces }: Share): Float32Array {
    if (pieces.length === 0) return new Float32Array(0);
    const { tf } = this.backend;
    const words = tf.tidy(() => {
      const parts = pieces.map(({ name }) => tf.reshape(this.#pieces.get(name)!, [-1]) as Tensor1D);
      return toWords(this.backend as Bf16Backend, parts.length > 1 ? tf.concat(parts) : parts[0]);
    });
    const values = this.messages.take(words.size);
    this.messages.copyOut(words, values);
    words.dispose();
    return values;
  }
}

/** Bounds are even numbers: a share of bfloat16 is then whole words. */
function sharesOf(shapes: ReadonlyMap<string, number[]>, group: Communicator): Share[] {
  const of = (isMatrix: boolean) =>
    new Map(
      [...shapes]
        .filter(([, shape]) => shape.length > 1 === isMatrix)
        .map(([name, shape]) => [name, { shape }]),
    );
  return [true, false].flatMap((isMatrix) =>
    bucketsOf(of(isMatrix)).map((bucket) => bucketShare(bucket, group, 2)),
  );
}

/** Whole tensors of a part from the pieces of all ranks. Collective. */
export async function gatherWhole(
  group: Communicator,
  shares: readonly Share[],
  messages: Messages,
  valuesOf: (name: string) => Tensor | Float32Array,
): Promise<Map<string, Float32Array>> {
  const whole = new Map<string, Float32Array>();
  for (const share of shares) {
    const mine = packShare(share, group.rank, valuesOf, messages);
    const all = await group.allGather(mine, share.counts);
    messages.give(mine);
    for (const { name, start, end } of share.slots) whole.set(name, all.subarray(start, end));
  }
  return whole;
}
