/** Keeps two processes from filling the same partitions of one dataset. */
import { type HolderSummary, holdersOf } from '../base/lock/holders.ts';
import { type Lock, type LockOptions, takeLock } from '../base/lock/lock.ts';
import type { Ranks } from '../base/lock/record.ts';
import { paths } from './files.ts';

/**
 * Locks a dataset. The ranks of one run share it, each with its own partitions; every other process
 * is refused.
 * @throws CodecLmError `OUTPUT_IN_USE` when a living process works on the same partitions,
 *   `INTERRUPTED` when the signal came during the wait for a silent process
 */
export function lockDataset(
  out: string,
  ranks: Ranks,
  options: Pick<LockOptions, 'signal' | 'onWait'> = {},
): Promise<Lock> {
  return takeLock({ folder: paths.locks(out), what: 'this dataset', ...ranks, ...options });
}

/** Processes that write the dataset now, as far as can be seen from here without waiting. */
export function livingHolders(out: string): Promise<HolderSummary[]> {
  return holdersOf(paths.locks(out));
}
