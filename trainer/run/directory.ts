/** The run directory: permission to write into it, the paths of its files, and its checkpoints. */

import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { removeUnfinishedFolders } from '../../base/atomic-folder.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { isFolder, makeFolder, namesIn } from '../../base/files.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { shellWord } from '../../base/shell.ts';
import { joinPlace } from '../../base/storage/index.ts';
import type { TrainerConfig } from '../../schemas/trainer.ts';
import type { MixtureSource } from '../../shards/index.ts';
import { type Place, placeAt } from '../../shards/index.ts';
import { formatConfig, readResolvedConfig } from '../config/config.ts';
import { writeRunData } from './data.ts';
import { LOCK_FOLDER } from './lock.ts';

const CONFIG_FILE = 'config.yaml';
const CHECKPOINTS = 'checkpoints';
const STEP_FOLDER = /^step-(\d{8})$/;

export interface CheckpointEntry {
  step: number;
  path: string;
}

export function configPath(run: string): string {
  return joinPlace(run, CONFIG_FILE);
}

export function metricsPath(run: string): string {
  return join(run, 'metrics.jsonl');
}

/** A path such as `RUN/checkpoints/step-00000100`. */
export function checkpointPath(run: string, step: number): string {
  return join(run, CHECKPOINTS, checkpointName(step));
}

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** @returns undefined for a name that is not that of a checkpoint */
export function stepOfCheckpoint(name: string): number | undefined {
  const match = STEP_FOLDER.exec(name);
  return match ? Number(match[1]) : undefined;
}

/**
 * Checks whether a run may be written into a folder, without changing anything.
 * @returns true when the folder already holds a run that is to be resumed
 * @throws CodecLmError `OUTPUT_IN_USE` when the folder holds a run and `resume` is false, or when
 *   it holds anything else
 */
export async function holdsRun(out: string, resume: boolean): Promise<boolean> {
  const names = (await namesIn(out, writeError)).filter((name) => name !== LOCK_FOLDER);
  if (names.length === 0) return false;
  if (!names.includes(CONFIG_FILE)) {
    throw new CodecLmError('OUTPUT_IN_USE', `${out} is not empty and holds no run of the trainer`, {
      path: out,
      hint: 'name another folder as `out`',
    });
  }
  if (!resume) {
    throw new CodecLmError('OUTPUT_IN_USE', `${out} already holds a run`, {
      path: out,
      hint: 'continue it with `resume`, or name another folder as `out`',
    });
  }
  return true;
}

/**
 * Makes the folders of a run, and writes the places of its data and its resolved configuration.
 * @throws CodecLmError `LOCK_LOST` when another process writes the run
 */
export async function createRun(
  out: string,
  config: TrainerConfig,
  data: readonly MixtureSource[],
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  try {
    await lock.check();
    await makeFolder(join(out, CHECKPOINTS));
    await removeUnfinishedFolders(join(out, CHECKPOINTS));
    await writeRunData(out, data, lock);
    // Last, because this file makes the folder a run.
    await replaceFile(configPath(out), formatConfig(config));
  } catch (error) {
    throw writeError(error, out, 'creating the run');
  }
}

/** @throws CodecLmError `INPUT_NOT_FOUND` when there is no run in the folder */
export async function readRunConfig(run: string): Promise<TrainerConfig> {
  try {
    return await readResolvedConfig(configPath(run));
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code !== 'INPUT_NOT_FOUND') throw error;
    throw new CodecLmError('INPUT_NOT_FOUND', `${run} holds no run of the trainer`, {
      cause: error,
      path: run,
      hint: `a run is a folder with a ${CONFIG_FILE}, made by \`trainer fit\``,
    });
  }
}

/**
 * Checkpoints of a run, oldest first. Each is complete, because a checkpoint gets its name only
 * then.
 */
export async function listCheckpoints(run: string): Promise<CheckpointEntry[]> {
  const names = await namesIn(join(run, CHECKPOINTS));
  return names
    .map((name) => ({ name, match: STEP_FOLDER.exec(name) }))
    .filter(({ match }) => match !== null)
    .map(({ name, match }) => ({ step: Number(match![1]), path: join(run, CHECKPOINTS, name) }))
    .sort((a, b) => a.step - b.step);
}

/**
 * @param path a checkpoint, or a run to use its newest checkpoint
 * @throws CodecLmError `INPUT_NOT_FOUND` when it is neither
 */
export async function findCheckpoint(path: string): Promise<string> {
  if (existsSync(join(path, 'config.json'))) return path;
  if (existsSync(path) && !(await isFolder(path))) throw await noCheckpoint(path);
  const newest = (await listCheckpoints(path)).at(-1);
  if (newest) return newest.path;
  throw await noCheckpoint(path);
}

async function noCheckpoint(path: string): Promise<CodecLmError> {
  const place = await placeAt(path);
  const is = place.kind === 'unknown' || place.kind === 'run' ? '' : `is ${place.what} and `;
  return new CodecLmError('INPUT_NOT_FOUND', `${path} ${is}holds no checkpoint`, {
    path,
    hint: hintForCheckpoint(path, place),
  });
}

/** Hint for a path that should be a checkpoint but is something else. */
function hintForCheckpoint(path: string, { kind, command }: Place): string {
  const word = shellWord(path);
  switch (kind) {
    case 'dataset':
      return `train a model on it first, with \`trainer fit --preset tiny --data ${word} --out RUN\`, and name that run`;
    case 'unfinished':
      return 'finish it with the same `pipeline run` command, then train a model on it with `trainer fit`, and name that run';
    case 'media':
      return `make a dataset of it with \`${command}\`, train a model on that with \`trainer fit\`, and name the run`;
    case 'run':
      return `it has not saved one yet: continue it with \`trainer fit --resume --out ${word}\``;
    case 'file':
      return 'name the folder that it lies in, with config.json and model.safetensors, or a run directory';
    default:
      return 'name a folder with config.json and model.safetensors, or a run directory';
  }
}

/**
 * Removes old checkpoints.
 * @param keepLast number of the newest checkpoints to keep; 0 keeps all
 * @param keepEvery checkpoints at multiples of this number of steps are kept too; 0 = none
 * @param keepStep the checkpoint of this step is kept too
 */
export async function pruneCheckpoints(
  run: string,
  { keepLast, keepEvery, keepStep }: { keepLast: number; keepEvery: number; keepStep?: number },
): Promise<void> {
  const checkpoints = await listCheckpoints(run);
  const steps = checkpoints.map(({ step }) => step);
  for (const step of stepsToPrune(steps, { keepLast, keepEvery, keepStep })) {
    await rm(checkpointPath(run, step), { recursive: true, force: true });
  }
}

/**
 * The checkpoints that `pruneCheckpoints` removes.
 * @param steps ascending
 */
export function stepsToPrune(
  steps: readonly number[],
  { keepLast, keepEvery, keepStep }: { keepLast: number; keepEvery: number; keepStep?: number },
): number[] {
  if (keepLast === 0) return [];
  return steps
    .slice(0, -keepLast)
    .filter((step) => !(keepEvery > 0 && step % keepEvery === 0) && step !== keepStep);
}

/**
 * Removes the lines of metrics that are later than the step from which a run is resumed.
 * @throws CodecLmError `LOCK_LOST` when another process writes the run
 */
export async function truncateMetrics(
  run: string,
  step: number,
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  const path = metricsPath(run);
  if (!existsSync(path)) return;
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path);
  });
  await lock.check();
  await replaceFile(path, linesUpTo(text, step));
}

/** The whole lines of metrics.jsonl that are not later than a step. */
export function linesUpTo(text: string, step: number): string {
  // A process that was killed, or is still writing, leaves a part of a line.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const kept = whole.split('\n').filter((line) => line !== '' && stepOf(line) <= step);
  return kept.map((line) => `${line}\n`).join('');
}

function stepOf(line: string): number {
  return Number((JSON.parse(line) as { step: number }).step);
}
