/**
 * Llama 2 (Touvron et al. 2023, arXiv 2307.09288, section 2.2): a decoder of pre-normalized
 * blocks, with RMSNorm, rotary positions, SwiGLU and no biases.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../schemas/error.ts';
import type { Backend } from '../backend/choose.ts';
import { attention } from '../ops/attention.ts';
import { cachedAttention } from '../ops/cached-attention.ts';
import { embedding } from '../ops/embedding.ts';
import { mergeHeads, splitHeads } from '../ops/heads.ts';
import { linear } from '../ops/linear.ts';
import { rmsNorm } from '../ops/rms-norm.ts';
import { type RopeTable, rope, ropeTable } from '../ops/rope.ts';
import { swiglu } from '../ops/swiglu.ts';
import type { KeyValueCache } from './cache.ts';
import { checkConfig, headSize, type LlamaConfig, parameterShapes } from './config.ts';
import { initialWeights, type Weights } from './init.ts';

/** Attention of a layer: rotated queries, rotated keys and values to one output, all split in heads. */
type Attend = (layer: number, q: Tensor4D, k: Tensor4D, v: Tensor4D) => Tensor4D;

/**
 * A model with random weights; the same seed gives the same weights on every backend.
 * @throws CodecLmError `CONFIG_INVALID`
 */
export function createLlama(backend: Backend, config: LlamaConfig, seed: number): Llama {
  checkConfig(config);
  return new Llama(backend, config, initialWeights(config, seed));
}

export class Llama {
  readonly backend: Backend;
  readonly config: LlamaConfig;
  /** By Hugging Face name, in the order of the computation; a matrix is [out, in]. */
  readonly parameters: ReadonlyMap<string, Variable>;
  #ropeTable?: RopeTable & { positions: number };

  /** @throws CodecLmError `CHECKPOINT_INVALID` when a weight is missing or of another shape */
  constructor(backend: Backend, config: LlamaConfig, weights: Weights) {
    this.backend = backend;
    this.config = config;
    const shapes = [...parameterShapes(config)];
    for (const [name, shape] of shapes) checkWeight(weights, name, shape);
    this.parameters = new Map(
      shapes.map(([name, shape]) => {
        const value = backend.tf.tensor(weights.get(name)!.data, shape);
        const variable = backend.tf.variable(value);
        value.dispose();
        return [name, variable];
      }),
    );
  }

  /**
   * @param ids int32 [batch, time]
   * @returns logits of the next token at every position, [batch, time, vocabSize]
   */
  forward(ids: Tensor2D): Tensor3D {
    const [, time] = ids.shape;
    const table = this.#rope(time);
    return this.#logits(ids, table, (_layer, q, k, v) => attention(this.backend, q, k, v));
  }

  /**
   * The same logits for tokens that follow those in the cache, which grows by them.
   * @param ids int32 [batch, time], the next tokens of every sequence of the batch
   * @returns [batch, time, vocabSize]
   */
  forwardCached(ids: Tensor2D, cache: KeyValueCache): Tensor3D {
    const { tf } = this.backend;
    const [, time] = ids.shape;
    return tf.tidy(() => {
      const table = this.#rope(time, cache.length);
      const logits = this.#logits(ids, table, (layer, q, k, v) => {
        const before = cache.length > 0;
        const pieces = cache.append(layer, k, v);
        // A prompt attends only to itself: in blocks, without a row of scores as long as the cache.
        if (!before) return attention(this.backend, q, k, v);
        return cachedAttention(this.backend, q, pieces);
      });
      cache.length += time;
      return logits;
    });
  }

  dispose(): void {
    for (const variable of this.parameters.values()) variable.dispose();
    this.#disposeRope();
  }

  #logits(ids: Tensor2D, table: RopeTable, attend: Attend): Tensor3D {
    const { backend, config } = this;
    const { tf } = backend;
    const [batch, time] = ids.shape;
    return tf.tidy(() => {
      const rows = tf.reshape(ids, [batch * time]) as Tensor1D;
      let x = embedding(backend, this.#matrix('model.embed_tokens'), rows); // [rows, hidden]
      for (let layer = 0; layer < config.layers; layer++) {
        const block = x;
        x = tf.tidy(() => {
          const h = tf.add(block, this.#attention(layer, block, batch, table, attend)) as Tensor2D;
          return tf.add(h, this.#feedForward(layer, h)) as Tensor2D;
        });
      }
      const last = this.#norm('model.norm', x);
      const head = config.tieEmbeddings ? 'model.embed_tokens' : 'lm_head';
      const logits = linear(backend, last, this.#matrix(head)); // [rows, vocab]
      return tf.reshape(logits, [batch, time, config.vocabSize]) as Tensor3D;
    });
  }

  /** x: [rows, hidden], before its norm. */
  #attention(
    layer: number,
    x: Tensor2D,
    batch: number,
    table: RopeTable,
    attend: Attend,
  ): Tensor2D {
    const { backend, config } = this;
    const at = `model.layers.${layer}`;
    const h = this.#norm(`${at}.input_layernorm`, x);
    const project = (name: string, heads: number) =>
      splitHeads(
        backend,
        linear(backend, h, this.#matrix(`${at}.self_attn.${name}`)),
        batch,
        heads,
      );
    const q = rope(backend, project('q_proj', config.heads), table); // [batch, heads, time, size]
    const k = rope(backend, project('k_proj', config.kvHeads), table);
    const v = project('v_proj', config.kvHeads);
    const output = mergeHeads(backend, attend(layer, q, k, v)); // [rows, hidden]
    return linear(backend, output, this.#matrix(`${at}.self_attn.o_proj`));
  }

  /** x: [rows, hidden], before its norm. */
  #feedForward(layer: number, x: Tensor2D): Tensor2D {
    const { backend } = this;
    const at = `model.layers.${layer}`;
    const h = this.#norm(`${at}.post_attention_layernorm`, x);
    const gate = linear(backend, h, this.#matrix(`${at}.mlp.gate_proj`)); // [rows, intermediate]
    const up = linear(backend, h, this.#matrix(`${at}.mlp.up_proj`));
    return linear(backend, swiglu(backend, gate, up), this.#matrix(`${at}.mlp.down_proj`));
  }

  #norm(name: string, x: Tensor2D): Tensor2D {
    const weight = this.parameters.get(`${name}.weight`) as unknown as Tensor1D;
    return rmsNorm(this.backend, x, weight, this.config.normEps);
  }

  #matrix(name: string): Tensor2D {
    return this.parameters.get(`${name}.weight`) as unknown as Tensor2D;
  }

  /** Positions from 0 are the ones training asks for again and again; they are kept. */
  #rope(time: number, start = 0): RopeTable {
    const { backend, config } = this;
    if (start > 0) return ropeTable(backend, headSize(config), start, time, config.ropeTheta);
    if (this.#ropeTable?.positions !== time) {
      this.#disposeRope();
      const table = ropeTable(backend, headSize(config), 0, time, config.ropeTheta);
      for (const tensor of Object.values(table) as Tensor[]) backend.tf.keep(tensor);
      this.#ropeTable = { ...table, positions: time };
    }
    return this.#ropeTable;
  }

  #disposeRope(): void {
    if (!this.#ropeTable) return;
    const { cos, sin, rotate } = this.#ropeTable;
    this.backend.tf.dispose([cos, sin, rotate]);
    this.#ropeTable = undefined;
  }
}

function checkWeight(weights: Weights, name: string, shape: number[]): void {
  const found = weights.get(name);
  if (!found) throw new CodecLmError('CHECKPOINT_INVALID', `the weight ${name} is missing`);
  if (found.shape.join() !== shape.join()) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the weight ${name} is [${found.shape}], but the model's configuration makes it [${shape}]`,
    );
  }
}
