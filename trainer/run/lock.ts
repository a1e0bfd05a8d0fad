/** One writer a run. */
import { join } from 'node:path';
import { type Lock, type LockOptions, takeLock } from '../../base/lock/lock.ts';

/** A folder in RUN/ with a file of its holder; up to version 0.1 a file. */
export const LOCK_FOLDER = '.lock';

/**
 * @param run an existing folder
 * @throws CodecLmError `OUTPUT_IN_USE` when another process trains in the folder, `INTERRUPTED`
 *   when the signal came while a silent process was watched
 */
export function lockRun(
  run: string,
  options: Pick<LockOptions, 'signal' | 'onWait'> = {},
): Promise<Lock> {
  return takeLock({ folder: join(run, LOCK_FOLDER), what: run, ...options });
}
