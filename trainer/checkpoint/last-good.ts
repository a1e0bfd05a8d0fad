/** Finds the checkpoint from which a run resumes. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import type { Backend } from '../../compute/choose.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { FitEvent } from '../events.ts';
import { checkpointPath, listCheckpoints } from '../run/directory.ts';
import { loadCheckpoint, type ResumedCheckpoint } from './resume.ts';

/**
 * Finds the newest checkpoint that loads; a damaged one is reported and skipped. Rank 0 searches,
 * and the other ranks load the same checkpoint.
 * @throws CodecLmError `DATASET_MISMATCH` when the run was trained on data with another tokenizer
 */
export async function findLastGood(
  communicator: Communicator,
  backend: Backend,
  run: string,
  tokenizerHash: string,
  emit: (event: FitEvent) => void,
): Promise<ResumedCheckpoint | undefined> {
  const found = communicator.rank === 0 ? await newestThatLoads(backend, run, emit) : undefined;
  const step = Float64Array.of(found?.state.step ?? 0);
  await communicator.allReduce(step);
  if (step[0] === 0) return undefined;
  const loaded = found ?? (await loadCheckpoint(backend, checkpointPath(run, step[0])));
  if (loaded.state.tokenizerHash !== tokenizerHash) {
    throw new CodecLmError(
      'DATASET_MISMATCH',
      `the dataset has another tokenizer than the one that ${run} was trained on`,
      { hint: 'resume with the dataset of the run' },
    );
  }
  emit({ type: 'resume', checkpoint: loaded.path });
  return loaded;
}

async function newestThatLoads(
  backend: Backend,
  run: string,
  emit: (event: FitEvent) => void,
): Promise<ResumedCheckpoint | undefined> {
  for (const { path } of (await listCheckpoints(run)).reverse()) {
    try {
      return await loadCheckpoint(backend, path);
    } catch (error) {
      emit({ type: 'skip-checkpoint', checkpoint: path, reason: messageOf(error) });
    }
  }
  return undefined;
}
