/** Finds the checkpoint from which a run resumes. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import type { ShardHeader } from '../../schemas/dataset.ts';
import { differenceOfSymbols } from '../../tokenizer/index.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { Training } from '../distributed/training.ts';
import type { FitEvent } from '../events.ts';
import { checkpointPath, listCheckpoints } from '../run/directory.ts';
import { openCheckpoint, type StoredCheckpoint } from './resume.ts';

export interface LoadedCheckpoint {
  checkpoint: StoredCheckpoint;
  training: Training;
}

/**
 * Loads the newest checkpoint that loads in every rank; a damaged one is reported and skipped.
 * Collective.
 * @param load makes the model and its moments; it frees what it has made when it throws
 * @throws CodecLmError `DATASET_MISMATCH` when the run was trained on data with another tokenizer, or on
 *   symbols that stand for something else
 */
export async function findLastGood(
  communicator: Communicator,
  run: string,
  dataset: Pick<ShardHeader, 'tokenizerHash' | 'codec'>,
  load: (checkpoint: StoredCheckpoint) => Promise<Training>,
  emit: (event: FitEvent) => void,
): Promise<LoadedCheckpoint | undefined> {
  let below = Number.POSITIVE_INFINITY;
  for (;;) {
    const step = await newestBelow(communicator, run, below);
    if (step === undefined) return undefined;
    const path = checkpointPath(run, step);
    const tried = await tryToLoad(path, load);
    const isBad = Float64Array.of(Number('error' in tried));
    await communicator.allReduce(isBad);
    if (isBad[0] === 0 && 'training' in tried) {
      const difference = differenceOf(tried.checkpoint, dataset);
      if (difference !== undefined) {
        tried.training.dispose();
        throw new CodecLmError(
          'DATASET_MISMATCH',
          `the dataset has another ${difference} than the one that ${run} was trained on`,
          { hint: 'resume with the dataset of the run' },
        );
      }
      emit({ type: 'resume', checkpoint: path });
      return tried;
    }
    const reason =
      'error' in tried ? messageOf(tried.error) : 'another rank could not load this checkpoint';
    if ('training' in tried) tried.training.dispose();
    emit({ type: 'skip-checkpoint', checkpoint: path, reason });
    below = step;
  }
}

function differenceOf(
  { state, codec }: StoredCheckpoint,
  dataset: Pick<ShardHeader, 'tokenizerHash' | 'codec'>,
): string | undefined {
  if (state.tokenizerHash !== dataset.tokenizerHash) return 'tokenizer';
  return differenceOfSymbols(codec, dataset.codec);
}

/** Rank 0 looks at the folder, so that all ranks see the same. Collective. */
async function newestBelow(
  communicator: Communicator,
  run: string,
  below: number,
): Promise<number | undefined> {
  const step = new Float64Array(1);
  if (communicator.rank === 0) {
    const steps = (await listCheckpoints(run)).map((checkpoint) => checkpoint.step);
    step[0] = Math.max(0, ...steps.filter((one) => one < below));
  }
  await communicator.allReduce(step);
  return step[0] === 0 ? undefined : step[0];
}

async function tryToLoad(
  path: string,
  load: (checkpoint: StoredCheckpoint) => Promise<Training>,
): Promise<LoadedCheckpoint | { error: unknown }> {
  try {
    const checkpoint = await openCheckpoint(path);
    return { checkpoint, training: await load(checkpoint) };
  } catch (error) {
    return { error };
  }
}
