/** Branches a run off a checkpoint of another one: the same run up to that step, then its own. */
import { cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { writeFolderAtomically } from '../../base/atomic-folder.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { MixtureSource } from '../../shards/index.ts';
import { createRun, holdsRun, linesUpTo, listCheckpoints, metricsPath } from './directory.ts';
import { lockRun } from './lock.ts';

/**
 * The run that a checkpoint belongs to.
 * @param checkpoint `RUN/checkpoints/step-N`
 * @throws CodecLmError `INPUT_NOT_FOUND` when no run has this checkpoint
 */
export async function runOfCheckpoint(checkpoint: string): Promise<{ run: string; step: number }> {
  const run = dirname(dirname(checkpoint));
  const name = basename(checkpoint);
  const found = (await listCheckpoints(run)).find(({ path }) => basename(path) === name);
  if (found) return { run, step: found.step };
  throw new CodecLmError('INPUT_NOT_FOUND', `${checkpoint} is no checkpoint of a run`, {
    path: checkpoint,
    hint: 'name one of RUN/checkpoints/step-…; `init` starts from the weights of any other folder',
  });
}

/**
 * Makes a run in `out` that has done what the other one had done at the checkpoint: its weights,
 * moments, place in the data and metrics up to that step. It is then resumed like any other run.
 * @param config of the new run
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something; `INPUT_NOT_FOUND`,
 *   `DISK_FULL`, `OUTPUT_UNWRITABLE`
 */
export async function branchRun(
  checkpoint: string,
  out: string,
  config: TrainerConfig,
  data: readonly MixtureSource[],
): Promise<void> {
  const { run, step } = await runOfCheckpoint(checkpoint);
  await holdsRun(out, false);
  await makeFolder(out);
  const lock = await lockRun(out);
  try {
    await holdsRun(out, false);
    const path = join(out, 'checkpoints', basename(checkpoint));
    await writeFolderAtomically(path, (aside) => cp(checkpoint, aside, { recursive: true }));
    const metrics = metricsPath(run);
    const text = await readFile(metrics, 'utf8').catch((error) => {
      throw readError(error, metrics);
    });
    await replaceFile(metricsPath(out), linesUpTo(text, step));
    await createRun(out, config, data, lock);
  } finally {
    await lock.release();
  }
}
