/** Rounds of retries as they are frozen in plan/; round 0 is the plan itself. */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import { type Plan, type RetryRound, retryRoundSchema } from '../../schemas/plan.ts';
import { paths, readJson } from '../files.ts';
import { type Partition, partitionsOf } from '../plan/plan.ts';

/** Number of rounds in the manifest. */
export function roundsOf({ config }: Manifest): number {
  return typeof config.retryRounds === 'number' ? config.retryRounds : 0;
}

/** @returns undefined when the round has not begun */
export async function readRound(out: string, round: number): Promise<RetryRound | undefined> {
  return readJson(paths.retry(out, round), retryRoundSchema);
}

/**
 * The partitions of a round that has begun, and the first index after its files.
 * @throws CodecLmError `DATASET_INVALID` when its list is missing
 */
export async function partitionsOfRound(
  out: string,
  plan: Plan,
  round: number,
): Promise<{ partitions: readonly Partition[]; next: number }> {
  if (round === 0) {
    const partitions = partitionsOf(plan, plan.config.partitionSize);
    return { partitions, next: partitions.length + 1 };
  }
  const frozen = await readRound(out, round);
  if (frozen) return { partitions: frozen.partitions, next: frozen.tailIndex + 1 };
  const path = paths.retry(out, round);
  throw new CodecLmError('DATASET_INVALID', `${path} is missing`, { path });
}
