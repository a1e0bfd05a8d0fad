/**
 * Takes open values of a configuration from the dataset, and limits the changes to a resumed run.
 */
import { CodecLmError } from '../../base/error.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import { accumulationOf, type ResolvedConfig } from '../config/derived.ts';
import { decayStart } from '../optim/schedule.ts';
import type { TrainingData } from './training-data.ts';

/**
 * Fills in the values that the configuration leaves open.
 * @throws CodecLmError `CONFIG_INVALID`, `INPUT_EMPTY`
 */
export function resolveForData(
  config: TrainerConfig,
  data: TrainingData,
  ranks: number,
): ResolvedConfig {
  const longest = data.seqLen;
  const seqLen = config.train.seqLen ?? longest;
  if (seqLen > longest) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `train.seqLen is ${seqLen}, but the rows of ${data.name} have ${longest} tokens`,
      { hint: `set train.seqLen to ${longest} or less, or leave it out` },
    );
  }
  const { split } = config.data;
  const empty = data.datasets.find((dataset) => dataset.sequences(split) === 0);
  if (empty) throw new CodecLmError('INPUT_EMPTY', `${empty.dir} has no sequences in ${split}`);
  const gradAccumulation = accumulationOf(config, ranks);
  return { ...config, train: { ...config.train, gradAccumulation, seqLen } };
}

/**
 * Checks a run that is extended: once its rate has begun to fall, more steps would make it jump back
 * to the highest one.
 * @param step the newest checkpoint
 * @throws CodecLmError `CONFIG_INVALID`
 */
export function checkPlateau(before: TrainerConfig, now: TrainerConfig, step: number): void {
  const [was, will] = [before, now].map(({ optim, train }) =>
    decayStart({ ...optim, steps: train.steps }),
  );
  if (was === undefined || will === undefined || step <= was || step >= will) return;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `the rate of this run has been falling since step ${was}; with train.steps ${now.train.steps} it would jump back at step ${step}`,
    { hint: `branch off the checkpoint of step ${was} into a new run, with \`branch\`` },
  );
}

/**
 * Checks a resumed run. It may have more steps, another learning rate or other ranks, but the same
 * model and the same sequences.
 * @throws CodecLmError `CONFIG_INVALID` that names the key
 */
export function checkSameRun(before: TrainerConfig, now: TrainerConfig): void {
  const fixed = (config: TrainerConfig): Record<string, unknown> => {
    const { preset: _, ...model } = config.model;
    const { seqLen, seed } = config.train;
    const entries = { model, data: config.data, train: { seqLen, seed } };
    return Object.fromEntries(
      Object.entries(entries).flatMap(([group, keys]) =>
        Object.entries(keys).map(([key, value]) => [`${group}.${key}`, value]),
      ),
    );
  };
  const was = fixed(before);
  for (const [key, value] of Object.entries(fixed(now))) {
    if (was[key] === value) continue;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `${key} is ${value}, but the run that is resumed has ${was[key]}`,
      { hint: 'leave out preset and file to continue with the configuration of the run' },
    );
  }
}
