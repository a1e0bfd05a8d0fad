/**
 * `fit`: trains a model on a dataset, with defaults for everything except the dataset and the
 * output folder.
 */

import { existsSync } from 'node:fs';
import { CodecLmError } from '../../base/error.ts';
import { isRemote } from '../../base/storage/index.ts';
import { chooseBackend } from '../../compute/choose.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { MixtureSource } from '../../shards/index.ts';
import { modelSettingsOf } from '../checkpoint/init.ts';
import { changeResolvedConfig, resolveConfig } from '../config/config.ts';
import { openCommunicator } from '../distributed/open.ts';
import { inNameOf } from '../distributed/share.ts';
import { branchRun, runOfCheckpoint } from '../run/branch.ts';
import { readRunData } from '../run/data.ts';
import { configPath, readRunConfig } from '../run/directory.ts';
import { localCheckpoint } from '../run/remote/model.ts';
import type { FitHere, FitOptions, RankedFitResult } from './options.ts';
import { checkSameRun } from './resolve.ts';
import { emitterOf } from './session.ts';
import { train } from './train.ts';

export type { FitOptions, RankedFitResult } from './options.ts';

/**
 * Trains until `train.steps`, or until the signal; a checkpoint is saved in both cases. With
 * several ranks, every rank calls it. A process has one backend: later runs use the same one.
 * @throws CodecLmError `CONFIG_INVALID`, `INPUT_NOT_FOUND`, `OUTPUT_IN_USE`, `DATASET_MISMATCH`
 *   before anything is written; `NOT_FINITE` when the loss or a gradient is not finite; the last
 *   good checkpoint is kept; `RANK_FAILED` when another rank is gone
 */
export async function fit(options: FitOptions): Promise<RankedFitResult> {
  if (!isRemote(options.out)) return fitHere(options);
  const { fitRemote } = await import('./remote.ts');
  return fitRemote(options, fitHere);
}

const fitHere: FitHere = async (asked) => {
  const { init: from } = asked;
  const init = from && (await localCheckpoint(from));
  const options = { ...asked, init };
  const { out, branch, signal, onEvent } = options;
  if (branch !== undefined) checkBranch(options);
  const data = options.data ?? (await recordedData(options));
  const config = await configOf(options);
  const communicator = options.communicator ?? (await openCommunicator(config.train.rankTimeout));
  const { rank, size } = communicator;
  const emit = emitterOf({ communicator, onEvent });
  if (size > 1) emit({ type: 'ranks', size });
  const sources = typeof data === 'string' ? [{ dir: data, weight: 1 }] : [...data];
  try {
    if (branch !== undefined && rank === 0) await branchRun(branch, out, config, sources);
    await communicator.barrier();
    const result = await train({
      config,
      out,
      init,
      resume: options.resume || branch !== undefined,
      cache: options.cache,
      onSaved: options.onSaved,
      communicator,
      signal,
      onEvent,
      data: sources,
      chooseBackend: () => chooseBackend({ backend: options.backend, onEvent: emit }),
    });
    // A communicator that was passed in stays open: the caller may still need it.
    if (!options.communicator) await communicator.close();
    return { ...result, rank, worldSize: size };
  } catch (error) {
    throw size > 1 ? inNameOf(error, rank, size) : error;
  }
};

/** @throws CodecLmError `USAGE` for what a branch has from its run */
function checkBranch({ preset, config, init, resume }: FitOptions): void {
  const other = Object.entries({ preset, config, init, resume }).find(([, value]) => value);
  if (!other) return;
  throw new CodecLmError('USAGE', `\`branch\` and \`${other[0]}\` exclude each other`, {
    hint: 'a branch has the configuration and the weights of its run; change single keys with `set`',
  });
}

async function recordedData(options: FitOptions): Promise<MixtureSource[]> {
  const { out, branch, resume = false } = options;
  if (branch !== undefined) return readRunData((await runOfCheckpoint(branch)).run);
  if (resume && existsSync(configPath(out))) return readRunData(out);
  const found = resume ? `: there is no run in ${out} to go on with` : '';
  throw new CodecLmError('USAGE', `\`data\` is required${found}`, {
    hint: 'name a dataset, made by `pipeline run`',
  });
}

/** Resolves the configuration. A resumed run without other settings keeps its own. */
async function configOf(options: FitOptions): Promise<TrainerConfig> {
  const { preset, config, out, init, branch, resume, set } = options;
  if (branch !== undefined) {
    const { run } = await runOfCheckpoint(branch);
    const before = await readRunConfig(run);
    const changed = await changeResolvedConfig(configPath(run), set);
    checkSameRun(before, changed);
    return changed;
  }
  const isGoingOn =
    resume && config === undefined && preset === undefined && existsSync(configPath(out));
  if (isGoingOn) return changeResolvedConfig(configPath(out), set);
  return resolveConfig({
    preset,
    set,
    ...(typeof config === 'string' ? { file: config } : { keys: config }),
    model: init === undefined ? undefined : await modelSettingsOf(init),
  });
}
