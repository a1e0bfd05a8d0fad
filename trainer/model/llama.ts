/**
 * Llama 2 (Touvron et al. 2023, arXiv 2307.09288, section 2.2): a decoder of pre-normalized
 * blocks, with RMSNorm, rotary positions, SwiGLU and no biases.
 */
import type { Tensor1D, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Backend } from '../../compute/choose.ts';
import { attention } from '../ops/attention/attention.ts';
import { cachedAttention } from '../ops/attention/cached.ts';
import type { Precision } from '../ops/linear.ts';
import type { RopeTable } from '../ops/rope.ts';
import { type Attend, block, embed, logitsOf, type NamedTensors, type Pass } from './block.ts';
import type { KeyValueCache } from './cache.ts';
import { checkConfig, type LlamaConfig, parameterShapes } from './config.ts';
import { initialSource, type WeightSource } from './init.ts';
import { type ModelPart, partsOf, type Trainable } from './parts.ts';
import { RopeTables } from './rope-tables.ts';
import type { TensorStream } from './streams.ts';

export interface ForwardOptions {
  /** Precision of the layers' matrix products; default fp32. That of the logits is always fp32. */
  precision?: Precision;
  /** int32 [batch, time]: a token sees only tokens of its own segment. */
  segments?: Tensor2D;
}

/**
 * Makes a model with random weights; the same seed gives the same weights on every backend.
 * @throws CodecLmError `CONFIG_INVALID`
 */
export function createLlama(
  backend: Backend,
  config: LlamaConfig,
  seed: number,
  widthRatio = 1,
): Llama {
  checkConfig(config);
  return new Llama(backend, config, initialSource(config, seed, widthRatio));
}

export class Llama implements Trainable {
  readonly backend: Backend;
  readonly config: LlamaConfig;
  readonly isCollective = false;
  /** Parameters by Hugging Face name, in the order of the computation; a matrix is [out, in]. */
  readonly parameters: ReadonlyMap<string, Variable>;
  readonly #parts = new Map<ModelPart, NamedTensors>();
  readonly #ropeTables: RopeTables;

  /**
   * @param weights of which the model makes its own; variables by name become the model's
   * @throws CodecLmError `CHECKPOINT_INVALID` when a weight is missing or has another shape
   */
  constructor(backend: Backend, config: LlamaConfig, weights: WeightSource | MadeWeights) {
    this.backend = backend;
    this.config = config;
    this.#ropeTables = new RopeTables(backend, config);
    const parameters = new Map<string, Variable>();
    this.parameters = parameters;
    try {
      for (const [name, shape] of parameterShapes(config)) {
        const made = 'made' in weights ? weights.made.get(name) : undefined;
        parameters.set(
          name,
          made ??
            variableOf(backend, weightOf('made' in weights ? NONE : weights, name, shape), shape),
        );
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
    for (const [part, shapes] of partsOf(config)) {
      this.#parts.set(
        part,
        new Map([...shapes.keys()].map((name) => [name, parameters.get(name)!])),
      );
    }
  }

  /**
   * Makes a model of weights that come one after the other.
   * @throws CodecLmError `CHECKPOINT_INVALID` when one is missing; whatever the stream throws
   */
  static async load(backend: Backend, config: LlamaConfig, weights: TensorStream): Promise<Llama> {
    const made = new Map<string, Variable>();
    const shapes = parameterShapes(config);
    try {
      for await (const [name, data] of weights) {
        const shape = shapes.get(name);
        if (shape) made.set(name, variableOf(backend, data, shape));
      }
      for (const name of shapes.keys()) if (!made.has(name)) throw missingWeight(name);
    } catch (error) {
      backend.tf.dispose([...made.values()]);
      throw error;
    }
    return new Llama(backend, config, { made });
  }

  /**
   * @param ids int32 [batch, time]
   * @returns logits of the next token at every position, [batch, time, vocabSize]
   */
  forward(ids: Tensor2D, options: ForwardOptions = {}): Tensor3D {
    const [, time] = ids.shape;
    return this.#logits(ids, { ...options, table: this.rope(time) });
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
      const table = this.#ropeTables.at(time, cache.length);
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

  /** The weights of a part. All are here, and stay. */
  open(part: ModelPart): NamedTensors {
    return this.#parts.get(part)!;
  }

  close(): void {}

  rope(time: number): RopeTable {
    return this.#ropeTables.at(time);
  }

  dispose(): void {
    for (const variable of this.parameters.values()) variable.dispose();
    this.#ropeTables.dispose();
  }

  #logits(
    ids: Tensor2D,
    shared: Pick<Pass, 'table' | 'attend' | 'precision' | 'segments'>,
  ): Tensor3D {
    const { backend, config, parameters } = this;
    const { tf } = backend;
    const [batch, time] = ids.shape;
    const pass: Pass = { backend, config, batch, ...shared };
    return tf.tidy(() => {
      let x = embed(pass, parameters, tf.reshape(ids, [batch * time]) as Tensor1D); // [rows, hidden]
      for (let layer = 0; layer < config.layers; layer++) x = block(pass, parameters, layer, x);
      const logits = logitsOf(pass, parameters, x); // [rows, vocab]
      return tf.reshape(logits, [batch, time, config.vocabSize]) as Tensor3D;
    });
  }
}

/** Variables that are already made. */
interface MadeWeights {
  made: ReadonlyMap<string, Variable>;
}

const NONE: WeightSource = { get: () => undefined };

function variableOf({ tf, native }: Backend, data: Float32Array, shape: number[]): Variable {
  const value = tf.tensor(data, shape);
  // Otherwise tfjs would keep the array beside its copy until the first step.
  native?.tensorIds([value]);
  const variable = tf.variable(value);
  value.dispose();
  return variable;
}

function weightOf(weights: WeightSource, name: string, shape: number[]): Float32Array {
  const found = weights.get(name);
  if (!found) throw missingWeight(name);
  if (found.shape.join() !== shape.join()) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `the weight ${name} is [${found.shape}], but the model's configuration makes it [${shape}]`,
    );
  }
  return found.data;
}

function missingWeight(name: string): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `the weight ${name} is missing`);
}
