/** A model in training: weights, codebook, optimizer, and the step that they are at. */
import { CodecLmError } from '../../../../base/error.ts';
import { hashWords, permutation, randomIntegers } from '../../../../base/random.ts';
import type { Backend } from '../../../../compute/choose.ts';
import { codeWidth, vqDecoder, vqEncoder } from '../architecture.ts';
import type { VqConfig } from '../config.ts';
import { VqLayers } from '../layers.ts';
import { Adam, rateOf } from './adam.ts';
import type { Checkpoint } from './checkpoint.ts';
import { Codebook } from './codebook.ts';
import { measure } from './measure.ts';
import type { VqTrainOptions } from './options.ts';
import { computeStep, imagesOf, type VqNetwork } from './step.ts';
import { VqVariables } from './variables.ts';

export class VqSession {
  readonly #backend: Backend;
  readonly #config: VqConfig;
  readonly #options: VqTrainOptions;
  readonly #variables: VqVariables;
  readonly #network: VqNetwork;
  readonly #codebook: Codebook;
  readonly #adam: Adam;
  /** Steps that are done. */
  step: number;

  /** @param from the checkpoint to go on from */
  constructor(backend: Backend, config: VqConfig, options: VqTrainOptions, from?: Checkpoint) {
    this.#backend = backend;
    this.#config = config;
    this.#options = options;
    this.step = from?.step ?? 0;
    this.#variables = new VqVariables(backend, options.seed, from?.weights);
    const layers = new VqLayers(backend, this.#variables, config.norm_num_groups);
    const [encoder, decoder] = [vqEncoder(config, layers), vqDecoder(config, layers)];
    this.#network = { encoder, decoder, variables: this.#variables.variables };
    const { num_vq_embeddings: codes } = config;
    this.#codebook = new Codebook({ ...options, codes, width: codeWidth(config) }, from?.codebook);
    this.#adam = new Adam(backend, this.#network.variables, from?.optimizer);
  }

  /** Numbers that are learned, those of the codebook included. */
  get parameters(): number {
    const { num_vq_embeddings: codes } = this.#config;
    const all = [...this.#network.variables.values()].map(({ size }) => size);
    return all.reduce((sum, size) => sum + size, codes * codeWidth(this.#config));
  }

  /** Places of the pictures of a step: each epoch has an order of its own. */
  placesOf(step: number, train: readonly number[]): number[] {
    const { batchSize, seed } = this.#options;
    const orders = new Map<number, Uint32Array>();
    return Array.from({ length: batchSize }, (_, i) => {
      const at = (step - 1) * batchSize + i;
      const epoch = Math.floor(at / train.length);
      const order =
        orders.get(epoch) ?? permutation(train.length, randomIntegers(hashWords(seed, 4), epoch));
      orders.set(epoch, order);
      return train[order[at % train.length]];
    });
  }

  /**
   * A step with these pictures.
   * @param pixels RGB, 0..255: [batch, size, size, 3]
   * @throws CodecLmError `NOT_FINITE`
   */
  async advance(pixels: Uint8Array): Promise<Record<string, number>> {
    const { size, commitment: weight } = this.#options;
    const step = this.step + 1;
    const images = imagesOf(this.#backend, pixels, size);
    const { gradients, outputs, indices, reconstruction, commitment } = await computeStep(
      this.#backend,
      this.#network,
      images,
      (rows) => this.#codebook.vectorsFor(rows),
      weight,
    );
    images.dispose();
    if (!Number.isFinite(reconstruction + commitment)) {
      throw new CodecLmError(
        'NOT_FINITE',
        `step ${step}: the reconstruction error is ${reconstruction}, the commitment loss ${commitment}`,
        { hint: 'train with a lower `lr`' },
      );
    }
    this.#adam.apply(step, rateOf(step, this.#options), gradients);
    this.#backend.tf.dispose(gradients);
    const restarted = this.#codebook.update(step, outputs, indices);
    this.step = step;
    return { reconstruction, commitment, restarted };
  }

  measure(pixels: Uint8Array) {
    const { num_vq_embeddings: count } = this.#config;
    const { vectors } = this.#codebook.state!;
    const book = { vectors, count, width: codeWidth(this.#config) };
    return measure(this.#backend, this.#network, book, pixels, this.#options.size);
  }

  /** For a checkpoint; at least one step has been done. */
  async content() {
    return {
      step: this.step,
      weights: await this.#variables.toWeights(),
      optimizer: await this.#adam.toWeights(),
      codebook: this.#codebook.state!,
    };
  }

  dispose(): void {
    this.#variables.dispose();
    this.#adam.dispose();
  }
}
