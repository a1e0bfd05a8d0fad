/** The state of a run in training: made anew, or loaded from its last good checkpoint. */

import { makeFolder } from '../../base/files.ts';
import type { Lock, LockWait } from '../../base/lock/lock.ts';
import type { Backend } from '../../compute/choose.ts';
import type { CheckpointCodec } from '../../schemas/run.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { DatasetOptions, MixtureSource } from '../../shards/index.ts';
import { readTokenizer } from '../../tokenizer/index.ts';
import { openStart } from '../checkpoint/init.ts';
import { findLastGood } from '../checkpoint/last-good.ts';
import type { StoredCheckpoint } from '../checkpoint/resume.ts';
import { llamaConfig, type ResolvedConfig } from '../config/derived.ts';
import type { Communicator } from '../distributed/communicator.ts';
import { createTraining, type TrainingOptions } from '../distributed/create.ts';
import { openGroups } from '../distributed/groups.ts';
import { single } from '../distributed/single.ts';
import type { Training } from '../distributed/training.ts';
import type { FitEvent } from '../events.ts';
import { checkConfig } from '../model/config.ts';
import { initialSource } from '../model/init.ts';
import { weightStream } from '../model/streams.ts';
import { widthRatio, widthScale } from '../model/width-scale.ts';
import {
  createRun,
  holdsRun,
  listCheckpoints,
  readRunConfig,
  type stepsToPrune,
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
  /** Called in rank 0 when a checkpoint is complete on this machine. */
  onSaved?: (step: number, pruning: Parameters<typeof stepsToPrune>[1]) => Promise<void>;
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
  readonly training: Training;
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
  const groups = await openGroups(communicator, config.optim.zeroGroup);
  const { precision } = config.train;
  const ratio = widthRatio(config.model.hiddenSize, config.optim.mupBaseWidth);
  const rateFactor = (name: string, dimensions: number) => widthScale(name, dimensions, ratio).rate;
  const optim = { ...config.optim, rateFactor };
  const shared = { backend, communicator, groups, precision, optim };
  const load = ({ config, state, ...stored }: StoredCheckpoint) =>
    createTraining(
      { ...shared, config },
      { weights: stored.weights(), moments: { step: state.step, tensors: stored.moments() } },
    );
  const loaded = isResumed
    ? await findLastGood(communicator, out, manifest, load, emit)
    : undefined;
  if (resume && !loaded) emit({ type: 'nothing-to-resume', out });
  const shape = llamaConfig(config, manifest.vocabSize);
  const training =
    loaded?.training ??
    (await newTraining({ ...shared, config: shape }, config, options.init, emit));
  const { split, shuffle, seed, docMask } = config.data;
  const { microBatch, seqLen } = config.train;
  const dataState = loaded?.checkpoint.state.loader ?? data.start(seed, split);
  const order = { split, shuffle, seed, segments: docMask };
  const batches = data.batches({ ...order, rank, worldSize: size, microBatch, seqLen }, dataState);
  // Write nothing before all of the above has been checked.
  const step = loaded?.checkpoint.state.step ?? 0;
  const lock = rank === 0 ? await writeRun(options, config, step, held) : undefined;
  return {
    run: out,
    config,
    backend,
    communicator,
    lock,
    training,
    data,
    batches,
    hasVal: data.datasets.some((dataset) => dataset.sequences('val') > 0),
    alphabet: tokenizer.alphabet,
    padId: tokenizer.padId,
    symbolLengths,
    codec: { codec: manifest.codec, seqLen },
    tokenCounts: new TokenCounts(tokenizer.vocabSize, loaded?.checkpoint.state.tokenCounts),
    tokensSeen: loaded?.checkpoint.state.tokensSeen ?? 0,
    step,
    dataState,
    checkpoint: loaded?.checkpoint.path,
    checkpointStep: loaded?.checkpoint.state.step,
    async dispose() {
      await batches.return();
      training.dispose();
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

async function newTraining(
  options: TrainingOptions,
  { train, optim }: ResolvedConfig,
  init: string | undefined,
  emit: (event: FitEvent) => void,
): Promise<Training> {
  const { config } = options;
  const ratio = widthRatio(config.hiddenSize, optim.mupBaseWidth);
  if (init === undefined) {
    checkConfig(config);
    const source = initialSource(config, train.seed, ratio);
    return createTraining(options, { weights: weightStream(config, source) });
  }
  const { weights, fresh } = await openStart(init, config, train.seed, ratio);
  const training = await createTraining(options, { weights });
  emit({ type: 'init', from: init, fresh });
  return training;
}
