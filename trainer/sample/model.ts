/** A checkpoint that stays loaded: samples are drawn from it, and documents scored with it. */
import { z } from 'zod';
import { resolveOptions } from '../../base/options.ts';
import { type Backend, type BackendChoice, chooseBackend } from '../../compute/choose.ts';
import type { BackendEvent } from '../../compute/event.ts';
import {
  type CacheType,
  cacheOption,
  draftOption,
  draftTokensOption,
  type EngineChoice,
  engineOption,
  type WeightsType,
  weightsOption,
} from '../../schemas/sample.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { EngineRemark, LoadEvent } from '../events.ts';
import type { LlamaConfig } from '../model/config.ts';
import type { CodecChoice, SamplingCodec } from './codec.ts';
import { checkDraftTokens, draftSize, readDraft } from './draft/check.ts';
import { Drafter } from './draft/drafter.ts';
import type { Engine } from './engine/engine.ts';
import type { EngineSize } from './engine/wasm-engine.ts';
import { type CheckpointParts, loadEngine, readCheckpoint } from './load.ts';

export interface LoadModelOptions {
  /**
   * Backend for a model that this project's own kernels do not support; default CODEC_LM_BACKEND,
   * else native if it is set up.
   */
  backend?: BackendChoice;
  /** For a folder without codec.json: the codec of the files that the model writes. */
  codec?: CodecChoice;
  /** Number format that the matrices are held in; default: the checkpoint's own. */
  weights?: WeightsType;
  /**
   * What computes: `wasm`, this project's kernels, or `native`, TensorFlow. By default `auto` chooses
   * the faster one. Samples are the same for any batch size and number of threads with `wasm`.
   */
  engine?: EngineChoice;
  /**
   * Number format that keys and values are held in; default: fp32 beside fp32 weights, bf16 beside
   * narrower ones, int8 where memory is too short for these.
   */
  cache?: CacheType;
  /**
   * Checkpoint of a small model of the same tokenizer, which proposes tokens while samples are drawn. It makes
   * drawing from large models faster, and the samples are the same.
   */
  draft?: string;
  /** Tokens that the draft proposes at each step; default: as many as pay, found by measuring. */
  draftTokens?: number;
  onEvent?: (event: BackendEvent | LoadEvent | EngineRemark) => void;
}

const schema = z.strictObject({
  engine: engineOption,
  weights: weightsOption,
  cache: cacheOption,
  draft: draftOption,
  draftTokens: draftTokensOption,
});

/** A model that proposes tokens for another one. */
export interface DraftModel {
  model: Model;
  /** Number of tokens at each step, if it is given. */
  tokens?: number;
}

/** An engine with the size it was made for. */
interface SizedEngine {
  size: EngineSize;
  engine: Engine;
}

export class Model implements CheckpointParts {
  /** Folder of the checkpoint. */
  readonly path: string;
  readonly config: LlamaConfig;
  readonly codec: SamplingCodec;
  readonly tokenizer: Tokenizer;
  /** As it was asked for; undefined is the checkpoint's own. */
  readonly weights?: WeightsType;
  readonly cache?: CacheType;
  readonly engine?: EngineChoice;
  /** Proposes tokens of samples. */
  readonly draft?: DraftModel;
  readonly #onEvent?: LoadModelOptions['onEvent'];
  readonly #chooseBackend: () => Promise<Backend>;
  /** The engine that was returned last: the next user takes it if it is large enough. */
  #idle: SizedEngine | undefined;
  #isClosed = false;

  /** @param backend called only for a model that this project's own kernels do not support */
  constructor(
    parts: CheckpointParts,
    backend: () => Promise<Backend>,
    {
      weights,
      cache,
      engine,
      draft,
      onEvent,
    }: Pick<LoadModelOptions, 'weights' | 'cache' | 'engine' | 'onEvent'> & {
      draft?: DraftModel;
    } = {},
  ) {
    this.path = parts.path;
    this.config = parts.config;
    this.codec = parts.codec;
    this.tokenizer = parts.tokenizer;
    this.weights = weights;
    this.cache = cache;
    this.engine = engine;
    this.draft = draft;
    this.#onEvent = onEvent;
    this.#chooseBackend = backend;
  }

  /**
   * Runs `work` on an engine of at least this size, which no other call uses meanwhile. Weights are
   * read when an engine is made, and stay in it.
   * @throws CodecLmError `CHECKPOINT_INVALID`, `BACKEND_UNAVAILABLE`, `MEMORY_LIMIT`; `CONFIG_INVALID`
   *   if the sizes of the model do not allow these formats
   * @internal
   */
  async use<T>(size: EngineSize, work: (engine: Engine) => Promise<T>): Promise<T> {
    const taken = await this.#take(size);
    try {
      return await work(taken.engine);
    } finally {
      await this.#giveBack(taken);
    }
  }

  /**
   * As `use`, with what proposes tokens if the model has a draft.
   * @internal
   */
  async useToDraw<T>(
    size: EngineSize,
    work: (engine: Engine, drafter?: Drafter) => Promise<T>,
  ): Promise<T> {
    const { draft } = this;
    if (!draft) return this.use(size, (engine) => work(engine));
    const { model, tokens } = draft;
    return this.use(size, (engine) =>
      model.use(draftSize(model.config, size), (own) => work(engine, new Drafter(own, tokens))),
    );
  }

  /** Frees the memory of the model. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.draft?.model.close();
    const idle = this.#idle;
    this.#idle = undefined;
    await idle?.engine.dispose();
  }

  async #take(size: EngineSize): Promise<SizedEngine> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle && isEnough(idle.size, size)) return idle;
    await idle?.engine.dispose();
    const { weights, cache, engine: choice } = this;
    const wanted = { ...size, weights, cache, engine: choice };
    const engine = await loadEngine(this, wanted, this.#chooseBackend, this.#onEvent);
    return { size, engine };
  }

  async #giveBack(taken: SizedEngine): Promise<void> {
    const before = this.#idle;
    if (this.#isClosed || before) await taken.engine.dispose();
    else this.#idle = taken;
  }
}

function isEnough(has: EngineSize, needs: EngineSize): boolean {
  return (
    has.threads === needs.threads &&
    has.sequences >= needs.sequences &&
    has.positions >= needs.positions
  );
}

/**
 * Reads a checkpoint except its weights, which the first call of sample or score reads.
 * @param checkpoint folder of a checkpoint, or a run directory for its newest one; local or `s3://…`
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `TOKENIZER_INVALID`; `CONFIG_INVALID` for
 *   options
 */
export async function loadModel(
  checkpoint: string,
  { codec, ...options }: LoadModelOptions = {},
): Promise<Model> {
  const { backend, onEvent, ...given } = options;
  const resolved = resolveOptions(schema, given, 'loadModel');
  const { draft: draftPath, draftTokens: tokens, ...formats } = resolved;
  const choose = () => chooseBackend({ backend, onEvent });
  const parts = await readCheckpoint(checkpoint, codec);
  if (draftPath === undefined) {
    checkDraftTokens(tokens);
    return new Model(parts, choose, { ...formats, onEvent });
  }
  const draft = await readDraft(draftPath, parts, { codec, ...formats });
  const { weights } = formats;
  const model = new Model(draft, choose, { weights, engine: 'wasm', onEvent });
  const own = { ...formats, engine: 'wasm' as const };
  return new Model(parts, choose, { ...own, draft: { model, tokens }, onEvent });
}
