/** Chooses how a run is divided among its ranks. */
import type { Backend } from '../../compute/choose.ts';
import type { LlamaConfig } from '../model/config.ts';
import { Llama } from '../model/llama.ts';
import type { TensorStream } from '../model/streams.ts';
import type { Precision } from '../ops/linear.ts';
import type { Communicator } from './communicator.ts';
import type { RankGroups } from './groups.ts';
import { createOptimizer, type RankedOptions } from './optimizer.ts';
import type { StoredMoments } from './ranked.ts';
import { ReplicatedTraining } from './replicated-training.ts';
import { ShardedLlama } from './sharded-llama.ts';
import { ShardedTraining } from './sharded-training.ts';
import type { Training } from './training.ts';

export interface TrainingOptions {
  backend: Backend;
  communicator: Communicator;
  /** Used by ZeRO-3. */
  groups: RankGroups;
  config: LlamaConfig;
  precision: Precision;
  optim: RankedOptions;
}

/** Weights and moments to begin with, one tensor after the other. */
export interface TrainingStart {
  weights: TensorStream;
  /** Default: zeros, before the first update. */
  moments?: StoredMoments;
}

/**
 * Every rank reads the streams and keeps its share. Frees everything when it throws.
 * @throws CodecLmError `CHECKPOINT_INVALID` when a weight is missing; whatever the streams throw
 */
export function createTraining(options: TrainingOptions, start: TrainingStart): Promise<Training> {
  return options.optim.zero === 3 ? sharded(options, start) : replicated(options, start);
}

async function replicated(
  { backend, communicator, config, optim }: TrainingOptions,
  { weights, moments }: TrainingStart,
): Promise<Training> {
  const model = await Llama.load(backend, config, weights);
  const optimizer = createOptimizer(backend, communicator, model.parameters, optim);
  const training = new ReplicatedTraining(communicator, model, optimizer);
  return freedOnError(training, async () => {
    if (moments) await optimizer.restore(moments);
  });
}

async function sharded(
  { backend, groups, config, precision, optim }: TrainingOptions,
  { weights, moments }: TrainingStart,
): Promise<Training> {
  const model = new ShardedLlama(backend, config, groups.shard, precision);
  await freedOnError(model, () => model.load(weights));
  const training = new ShardedTraining(model, groups, optim);
  return freedOnError(training, async () => {
    if (moments) await training.restore(moments);
  });
}

async function freedOnError<T extends { dispose(): void }>(
  made: T,
  fill: () => Promise<void>,
): Promise<T> {
  try {
    await fill();
    return made;
  } catch (error) {
    made.dispose();
    throw error;
  }
}
