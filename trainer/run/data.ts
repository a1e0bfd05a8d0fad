/** RUN/data.json: the places of a run's datasets, so that `resume` needs no arguments. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { absolutePlace, isRemote } from '../../base/storage/index.ts';
import { runDataSchema } from '../../schemas/run.ts';
import type { MixtureSource } from '../../shards/index.ts';

const DATA_FILE = 'data.json';

/**
 * Writes absolute paths, because a run may be resumed from another folder.
 * @throws CodecLmError `LOCK_LOST` when another process writes the run
 */
export async function writeRunData(
  run: string,
  sources: readonly MixtureSource[],
  lock: Pick<Lock, 'check'>,
): Promise<void> {
  const datasets = sources.map(({ dir, weight }) => ({ dir: absolutePlace(dir), weight }));
  await lock.check();
  const text = JSON.stringify({ formatVersion: 1, datasets }, null, 2);
  await replaceFile(join(run, DATA_FILE), `${text}\n`);
}

/**
 * @throws CodecLmError `USAGE` for a run of a version that did not write the file; `CONFIG_INVALID`
 *   when it is damaged; `INPUT_NOT_FOUND` when a dataset no longer exists
 */
export async function readRunData(run: string): Promise<MixtureSource[]> {
  const path = join(run, DATA_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = readError(error, path);
    if (reason.code !== 'INPUT_NOT_FOUND') throw reason;
    throw new CodecLmError('USAGE', `\`data\` is required: ${run} does not name its dataset`, {
      cause: error,
      path,
      hint: `it has no ${DATA_FILE}, like runs of version 0.1; name its dataset once, and the file is written`,
    });
  }
  let datasets: MixtureSource[];
  try {
    datasets = runDataSchema.parse(JSON.parse(text)).datasets;
  } catch (error) {
    throw new CodecLmError('CONFIG_INVALID', `${path}: ${messageOf(error)}`, {
      cause: error,
      path,
      hint: 'name the dataset of the run as `data`',
    });
  }
  const gone = datasets.find(({ dir }) => !isRemote(dir) && !existsSync(dir));
  if (!gone) return datasets;
  throw new CodecLmError('INPUT_NOT_FOUND', `${gone.dir}, which ${run} is trained on, is gone`, {
    path: gone.dir,
    hint: 'name the place where it is now as `data`',
  });
}
