/** The state of a run in training: made anew, or loaded from its last good checkpoint. */

import { makeFolder } from '../../base/files.ts';
import type { Lock, LockWait } from '../../base/lock/lock.ts';
import type { Backend } from '../../compute/choose.ts';
import type { CheckpointCodec } from '../../schemas/run.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { DatasetOptions, MixtureSource } from '../../shards/index.ts';
import { readTokenizer } from '../../tokenizer/index.ts';
import { startFrom } from '../checkpoint/init.ts';
import { findLastGood } from '../checkpoint/last-good.ts';
import { llamaConfig, type ResolvedConfig } from '../config/derived.ts';
import type { Communicator } from '../distributed/communicator.ts';
import { createOptimizer } from '../distributed/optimizer.ts';
import type { RankedOptimizer } from '../distributed/ranked.ts';
import { single } from '../distributed/single.ts';
import type { FitEvent } from '../events.ts';
import { createLlama, Llama } from '../model/llama.ts';
import { widthRatio, widthScale } from '../model/width-scale.ts';
import {
  createRun,
  holdsRun,
  listCheckpoints,
  readRunConfig,
  truncateMetrics,
} from '../run/directory.ts';
import { lockRun } from '../run/lock.ts';
import { TokenCounts } from './batches.ts';
import { checkPlateau, checkSameRun, resolveForData } from './resolve.ts';
import {
  type DataState,
  openTrainingData,
  type TrainingBatch,
  type TrainingData,
} from './training-data.ts';

export interface SessionOptions {
  config: TrainerConfig;
  /** Dataset directory, or several with their weights. */
  data: string | MixtureSource[];
  /** Keeps row groups of datasets in object storage in a folder of this machine. */
  cache?: DatasetOptions['cache'];
  /** Run directory to write. */
  out: string;
  /** Continue the run in `out`, if there is one. */
  resume?: boolean;
  /** Checkpoint folder in Hugging Face's layout; a new run starts with its weights. */
  init?: string;
  /** The ranks that train together; default: a single one. */
  communicator?: Communicator;
  /** Called only after data and folders have been checked. */
  chooseBackend: () => Promise<Backend>;
  /** Called in rank 0. */
  onEvent?: (event: FitEvent) => void;
  /** Saves a checkpoint at the next step boundary and ends; its `reason` may be an exit code. */
  signal?: AbortSignal;
}

export interface Session {
  readonly run: string;
  readonly config: ResolvedConfig;
  readonly backend: Backend;
  readonly communicator: Communicator;
  /** Only in rank 0. */
  readonly lock?: Lock;
  readonly model: Llama;
  readonly optimizer: RankedOptimizer;
  readonly data: TrainingData;
  readonly batches: AsyncGenerator<TrainingBatch, void>;
  readonly hasVal: boolean;
  readonly padId: number;
  /** Number of symbols; 256 for bytes. */
  readonly alphabet: number;
  /** Number of symbols that each id stands for, [vocabSize]. */
  readonly symbolLengths: Uint16Array;
  readonly codec: CheckpointCodec;
  /** Counts over all ranks. */
  readonly tokenCounts: TokenCounts;
  tokensSeen: number;
  /** Number of optimizer steps done. */
  step: number;
  /** Position at which the next batch begins. */
  dataState: DataState;
  /** Path of the newest checkpoint, and its step. */
  checkpoint?: string;
  checkpointStep?: number;
  dispose(): Promise<void>;
}

/** Makes the function that sends the events of a run; in ranks other than 0 it does nothing. */
export function emitterOf({
  communicator = single,
  onEvent,
}: Pick<SessionOptions, 'communicator' | 'onEvent'>): (event: FitEvent) => void {
  return (event) => {
    if (communicator.rank === 0) onEvent?.(event);
  };
}

/**
 * Prepares everything that a run needs. Collective.
 * @throws CodecLmError `OUTPUT_IN_USE`, `DATASET_MISMATCH`, `CONFIG_INVALID` before anything is written
 */
export async function prepareSession(options: SessionOptions): Promise<Session> {
  const { communicator = single } = options;
  const data = await openTrainingData(sourcesOf(options), options.config.train.seqLen, {
    cache: options.cache,
  });
  let lock: Lock | undefined;
  try {
    const config = resolveForData(options.config, data, communicator.size);
    const entered = await enterRun(options, config);
    lock = entered.lock;
    return await startSession(options, data, config, entered);
  } catch (error) {
    await lock?.release();
    await data.close();
    throw error;
  }
}

function sourcesOf({ data }: SessionOptions): MixtureSource[] {
  return typeof data === 'string' ? [{ dir: data, weight: 1 }] : data;
}

async function startSession(
  options: SessionOptions,
  data: TrainingData,
  config: ResolvedConfig,
  { isResumed, lock: held }: Entered,
): Promise<Session> {
  const { out, resume = false, communicator = single } = options;
  const { rank, size } = communicator;
  const emit = emitterOf(options);
  const [{ manifest, tokenizerDir }] = data.datasets;
  const tokenizer = await readTokenizer(tokenizerDir);
  const symbolLengths = Uint16Array.from(
    { length: tokenizer.vocabSize },
    (_, id) => tokenizer.tokenSymbols(id).length,
  );
  const backend = await options.chooseBackend();
  const loaded = isResumed
    ? await findLastGood(communicator, backend, out, manifest.tokenizerHash, emit)
    : undefined;
  if (resume && !loaded) emit({ type: 'nothing-to-resume', out });
  const model =
    loaded?.model ?? (await newModel(backend, config, manifest.vocabSize, options.init, emit));
  const ratio = widthRatio(config.model.hiddenSize, config.optim.mupBaseWidth);
  const optimizer = createOptimizer(backend, communicator, model.parameters, {
    ...config.optim,
    rateFactor: (name, dimensions) => widthScale(name, dimensions, ratio).rate,
  });
  if (loaded) optimizer.load({ step: loaded.state.step, tensors: loaded.moments });
  const { split, shuffle, seed, docMask } = config.data;
  const { microBatch, seqLen } = config.train;
  const dataState = loaded?.state.loader ?? data.start(seed, split);
  const order = { split, shuffle, seed, segments: docMask };
  const batches = data.batches({ ...order, rank, worldSize: size, microBatch, seqLen }, dataState);
  // Write nothing before all of the above has been checked.
  const step = loaded?.state.step ?? 0;
  const lock = rank === 0 ? await writeRun(options, config, step, held) : undefined;
  return {
    run: out,
    config,
    backend,
    communicator,
    lock,
    model,
    optimizer,
    data,
    batches,
    hasVal: data.datasets.some((dataset) => dataset.sequences('val') > 0),
    alphabet: tokenizer.alphabet,
    padId: tokenizer.padId,
    symbolLengths,
    codec: { codec: manifest.codec, seqLen },
    tokenCounts: new TokenCounts(tokenizer.vocabSize, loaded?.state.tokenCounts),
    tokensSeen: loaded?.state.tokensSeen ?? 0,
    step,
    dataState,
    checkpoint: loaded?.path,
    checkpointStep: loaded?.state.step,
    async dispose() {
      await batches.return();
      optimizer.dispose();
      model.dispose();
      await data.close();
      await lock?.release();
    },
  };
}

interface Entered {
  /** Whether the folder holds a run that is being continued. */
  isResumed: boolean;
  /** In rank 0, if the run existed before. */
  lock?: Lock;
}

/** Only rank 0 looks at the folder, so that no rank sees it half made. */
async function enterRun(options: SessionOptions, config: ResolvedConfig): Promise<Entered> {
  const { out, resume = false, communicator = single } = options;
  let isResumed = false;
  let lock: Lock | undefined;
  if (communicator.rank === 0) {
    isResumed = await holdsRun(out, resume);
    const before = isResumed ? await readRunConfig(out) : undefined;
    if (before) checkSameRun(before, config);
    // Lock the run before looking at its checkpoints: another process may be writing more of
    // them.
    if (before) {
      lock = await lockFor(options);
      const newest = (await listCheckpoints(out)).at(-1);
      if (newest) checkPlateau(before, config, newest.step);
    }
  }
  const answer = Float64Array.of(Number(isResumed));
  await communicator.allReduce(answer);
  return { isResumed: answer[0] > 0, lock };
}

function lockFor(options: SessionOptions): Promise<Lock> {
  const emit = emitterOf(options);
  const onWait = (wait: LockWait) => emit({ type: 'lock-wait', ...wait });
  return lockRun(options.out, { signal: options.signal, onWait });
}

/** @param held the lock of a run that existed before */
async function writeRun(
  options: SessionOptions,
  config: ResolvedConfig,
  step: number,
  held: Lock | undefined,
): Promise<Lock> {
  const { out } = options;
  const lock = held ?? (await lockNewRun(options));
  try {
    await createRun(out, config, sourcesOf(options), lock);
    await truncateMetrics(out, step, lock);
    return lock;
  } catch (error) {
    if (!held) await lock.release();
    throw error;
  }
}

/**
 * Checks the folder once more after locking: another process may have made a run in it meanwhile.
 */
async function lockNewRun(options: SessionOptions): Promise<Lock> {
  const { out } = options;
  await makeFolder(out);
  const lock = await lockFor(options);
  try {
    await holdsRun(out, false);
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function newModel(
  backend: Backend,
  config: ResolvedConfig,
  vocabSize: number,
  init: string | undefined,
  emit: (event: FitEvent) => void,
): Promise<Llama> {
  const shape = llamaConfig(config, vocabSize);
  const ratio = widthRatio(shape.hiddenSize, config.optim.mupBaseWidth);
  if (init === undefined) return createLlama(backend, shape, config.train.seed, ratio);
  const { weights, fresh } = await startFrom(init, shape, config.train.seed, ratio);
  emit({ type: 'init', from: init, fresh });
  return new Llama(backend, shape, weights);
}
