/**
 * Llama 2 (Touvron et al. 2023, arXiv 2307.09288, section 2.2): a decoder of pre-normalized
 * blocks, with RMSNorm, rotary positions, SwiGLU and no biases.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Backend } from '../../compute/choose.ts';
import { attention, QUERY_BLOCK } from '../ops/attention/attention.ts';
import { cachedAttention } from '../ops/attention/cached.ts';
import { checkpointed } from '../ops/checkpointed.ts';
import { embedding } from '../ops/embedding.ts';
import { mergeHeads, splitHeads } from '../ops/heads.ts';
import { linear, linears, type Precision } from '../ops/linear.ts';
import { rmsNorm } from '../ops/rms-norm.ts';
import { type RopeTable, rope, ropeTable } from '../ops/rope.ts';
import { swiglu } from '../ops/swiglu.ts';
import type { KeyValueCache } from './cache.ts';
import { checkConfig, headSize, type LlamaConfig, parameterShapes } from './config.ts';
import { initialSource, type WeightSource } from './init.ts';

export interface ForwardSettings {
  /** Precision of the layers' matrix products; default fp32. That of the logits is always fp32. */
  precision?: Precision;
  /** Keep only the input of each block, and recompute the rest for the gradients. */
  checkpointing?: boolean;
}

export interface ForwardOptions extends ForwardSettings {
  /** int32 [batch, time]: a token sees only tokens of its own segment. */
  segments?: Tensor2D;
}

/**
 * Attention of a layer: takes rotated queries, rotated keys and values, all split into heads, and
 * returns the output, also split into heads.
 */
type Attend = (layer: number, q: Tensor4D, k: Tensor4D, v: Tensor4D) => Tensor4D;

/** Values that the layers of one forward pass share. */
interface Pass extends ForwardSettings {
  table: RopeTable;
  attend: Attend;
}

/**
 * Makes a model with random weights; the same seed gives the same weights on every backend.
 * @throws CodecLmError `CONFIG_INVALID`
 */
export function createLlama(backend: Backend, config: LlamaConfig, seed: number): Llama {
  checkConfig(config);
  return new Llama(backend, config, initialSource(config, seed));
}

export class Llama {
  readonly backend: Backend;
  readonly config: LlamaConfig;
  /** Parameters by Hugging Face name, in the order of the computation; a matrix is [out, in]. */
  readonly parameters: ReadonlyMap<string, Variable>;
  #ropeTable?: RopeTable & { positions: number };

  /** @throws CodecLmError `CHECKPOINT_INVALID` when a weight is missing or has another shape */
  constructor(backend: Backend, config: LlamaConfig, weights: WeightSource) {
    this.backend = backend;
    this.config = config;
    const parameters = new Map<string, Variable>();
    this.parameters = parameters;
    try {
      for (const [name, shape] of parameterShapes(config)) {
        const value = backend.tf.tensor(weightOf(weights, name, shape), shape);
        // Otherwise tfjs would keep the array beside its copy until the first step.
        backend.native?.tensorIds([value]);
        parameters.set(name, backend.tf.variable(value));
        value.dispose();
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * @param ids int32 [batch, time]
   * @returns logits of the next token at every position, [batch, time, vocabSize]
   */
  forward(ids: Tensor2D, options: ForwardOptions = {}): Tensor3D {
    const [, time] = ids.shape;
    const { segments } = options;
    const attend: Attend = (_layer, q, k, v) =>
      attention(this.backend, q, k, v, QUERY_BLOCK, segments);
    return this.#logits(ids, { ...options, table: this.#rope(time), attend });
  }

  /**
   * The same logits for tokens that follow those in the cache; the new tokens are added to it.
   * @param ids int32 [batch, time], the next tokens of every sequence of the batch
   * @returns [batch, time, vocabSize]
   */
  forwardCached(ids: Tensor2D, cache: KeyValueCache): Tensor3D {
    const { tf } = this.backend;
    const [, time] = ids.shape;
    return tf.tidy(() => {
      const table = this.#rope(time, cache.length);
      const attend: Attend = (layer, q, k, v) => {
        const before = cache.length > 0;
        const pieces = cache.append(layer, k, v);
        // A prompt attends only to itself: compute it in blocks, without scores over the whole
        // cache.
        if (!before) return attention(this.backend, q, k, v);
        return cachedAttention(this.backend, q, pieces);
      };
      const logits = this.#logits(ids, { table, attend });
      cache.length += time;
      return logits;
    });
  }

  dispose(): void {
    for (const variable of this.parameters.values()) variable.dispose();
    this.#disposeRope();
  }

  #logits(ids: Tensor2D, pass: Pass): Tensor3D {
    const { backend, config } = this;
    const { tf } = backend;
    const [batch, time] = ids.shape;
    return tf.tidy(() => {
      const rows = tf.reshape(ids, [batch * time]) as Tensor1D;
      let x = embedding(backend, this.#matrix('model.embed_tokens'), rows); // [rows, hidden]
      for (let layer = 0; layer < config.layers; layer++) {
        const block = (x: Tensor2D) => this.#block(layer, x, batch, pass);
        const learned = () => this.#variablesOf(`model.layers.${layer}.`);
        x = pass.checkpointing ? checkpointed(backend, x, learned(), block) : block(x);
      }
      const last = this.#norm('model.norm', x);
      const head = config.tieEmbeddings ? 'model.embed_tokens' : 'lm_head';
      const logits = linear(backend, last, this.#matrix(head)); // [rows, vocab]
      return tf.reshape(logits, [batch, time, config.vocabSize]) as Tensor3D;
    });
  }

  /** x: [rows, hidden] */
  #block(layer: number, x: Tensor2D, batch: number, pass: Pass): Tensor2D {
    const { tf } = this.backend;
    return tf.tidy(() => {
      const h = tf.add<Tensor2D>(x, this.#attention(layer, x, batch, pass));
      return tf.add<Tensor2D>(h, this.#feedForward(layer, h, pass));
    });
  }

  /** x: [rows, hidden], before its norm. */
  #attention(
    layer: number,
    x: Tensor2D,
    batch: number,
    { table, attend, precision }: Pass,
  ): Tensor2D {
    const { backend, config } = this;
    const at = `model.layers.${layer}`;
    const h = this.#norm(`${at}.input_layernorm`, x);
    const weights = ['q', 'k', 'v'].map((name) => this.#matrix(`${at}.self_attn.${name}_proj`));
    const projections = linears(backend, h, weights, precision);
    const toHeads = (x: Tensor2D, heads: number) => splitHeads(backend, x, batch, heads);
    const turned = (x: Tensor2D, name: 'q' | 'k', heads: number) => {
      const normed = this.#headNorm(`${at}.self_attn.${name}_norm`, x);
      return rope(backend, toHeads(normed, heads), table);
    };
    const q = turned(projections[0], 'q', config.heads); // [batch, heads, time, size]
    const k = turned(projections[1], 'k', config.kvHeads);
    const v = toHeads(projections[2], config.kvHeads);
    const output = mergeHeads(backend, attend(layer, q, k, v)); // [rows, hidden]
    return linear(backend, output, this.#matrix(`${at}.self_attn.o_proj`), precision);
  }

  /** x: [rows, hidden], before its norm. */
  #feedForward(layer: number, x: Tensor2D, { precision }: Pass): Tensor2D {
    const { backend } = this;
    const at = `model.layers.${layer}`;
    const h = this.#norm(`${at}.post_attention_layernorm`, x);
    const weight = (name: string) => this.#matrix(`${at}.mlp.${name}_proj`);
    const [gate, up] = linears(backend, h, [weight('gate'), weight('up')], precision); // [rows, intermediate]
    return linear(backend, swiglu(backend, gate, up), weight('down'), precision);
  }

  /**
   * QK-norm (Henry et al. 2020, arXiv 2010.04245, as RMSNorm of each head): [rows, heads * size];
   * returns x unchanged without it.
   */
  #headNorm(name: string, x: Tensor2D): Tensor2D {
    if (!this.config.qkNorm) return x;
    const { tf } = this.backend;
    const rows = tf.reshape(x, [-1, headSize(this.config)]) as Tensor2D;
    return tf.reshape(this.#norm(name, rows), x.shape);
  }

  #variablesOf(prefix: string): Variable[] {
    const names = [...this.parameters.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => this.parameters.get(name)!);
  }

  #norm(name: string, x: Tensor2D): Tensor2D {
    const weight = this.parameters.get(`${name}.weight`) as unknown as Tensor1D;
    return rmsNorm(this.backend, x, weight, this.config.normEps);
  }

  #matrix(name: string): Tensor2D {
    return this.parameters.get(`${name}.weight`) as unknown as Tensor2D;
  }

  /**
   * Rotary table; tables from position 0 are cached, because training uses them again and again.
   */
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

function weightOf(weights: WeightSource, name: string, shape: number[]): Float32Array {
  const found = weights.get(name);
  if (!found) throw new CodecLmError('CHECKPOINT_INVALID', `the weight ${name} is missing`);
  if (found.shape.join() !== shape.join()) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the weight ${name} is [${found.shape}], but the model's configuration makes it [${shape}]`,
    );
  }
  return found.data;
}
