/** Locks a run, so that only one process writes it. */
import { join } from 'node:path';
import { type Lock, type LockOptions, takeLock } from '../../base/lock/lock.ts';

/** A folder in RUN/ with a file for its holder; up to version 0.1 it was a file. */
export const LOCK_FOLDER = '.lock';

/**
 * @param run an existing folder
 * @throws CodecLmError `OUTPUT_IN_USE` when another process trains in the folder, `INTERRUPTED`
 *   when the signal came during the wait for a silent process
 */
export function lockRun(
  run: string,
  options: Pick<LockOptions, 'signal' | 'onWait'> = {},
): Promise<Lock> {
  return takeLock({ folder: join(run, LOCK_FOLDER), what: run, ...options });
}
