/**
 * What was added to a plan, in rounds: inputs that are run again, and extensions. Each is frozen in
 * plan/ before its first input is read; round 0 is the plan itself.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import {
  type Extension,
  extensionSchema,
  type Plan,
  type RetryRound,
  retryRoundSchema,
} from '../../schemas/plan.ts';
import { paths, readJson } from '../files.ts';
import { type Partition, partitionsOf } from '../plan/plan.ts';

/** A round that has begun. */
export type BegunRound =
  | { kind: 'retry'; round: RetryRound }
  | { kind: 'extension'; round: Extension };

/** Number of rounds in the manifest, of both kinds. */
export function roundsOf({ config }: Manifest): number {
  return finishedRetries(config) + finishedExtensions(config);
}

export function finishedRetries({ retryRounds }: Manifest['config']): number {
  return typeof retryRounds === 'number' ? retryRounds : 0;
}

export function finishedExtensions({ extensions }: Manifest['config']): number {
  return typeof extensions === 'number' ? extensions : 0;
}

/** @returns undefined when the round has not begun */
export async function readRound(out: string, number: number): Promise<BegunRound | undefined> {
  const retry = await readJson(paths.retry(out, number), retryRoundSchema);
  if (retry) return { kind: 'retry', round: retry };
  const extension = await readJson(paths.extension(out, number), extensionSchema);
  return extension && { kind: 'extension', round: extension };
}

/** @throws CodecLmError `DATASET_INVALID` when its list is missing */
async function readFinished(out: string, number: number): Promise<BegunRound> {
  const found = await readRound(out, number);
  if (found) return found;
  const path = paths.retry(out, number);
  throw new CodecLmError('DATASET_INVALID', `${path} is missing`, { path });
}

/**
 * The partitions of a round that has begun, and the first index after its files.
 * @throws CodecLmError `DATASET_INVALID` when its list is missing
 */
export async function partitionsOfRound(
  out: string,
  plan: Plan,
  number: number,
): Promise<{ kind: 'plan' | BegunRound['kind']; partitions: readonly Partition[]; next: number }> {
  if (number === 0) {
    const partitions = partitionsOf(plan, plan.config.partitionSize);
    return { kind: 'plan', partitions, next: partitions.length + 1 };
  }
  const { kind, round } = await readFinished(out, number);
  const partitions = kind === 'extension' ? partitionsOfExtension(round) : round.partitions;
  return { kind, partitions, next: round.tailIndex + 1 };
}

/** With the hashes of its lists. */
export function partitionsOfExtension(round: Extension): Partition[] {
  return round.partitions.map((partition, i) => ({
    ...partition,
    listHash: round.listHashes[i],
    filteredHash: round.curated?.hashes[i],
  }));
}

/** Number of partitions before a round: numbering continues through all rounds. */
export async function partitionsBefore(out: string, plan: Plan, round: number): Promise<number> {
  let count = 0;
  for (let earlier = 0; earlier < round; earlier++) {
    count += (await partitionsOfRound(out, plan, earlier)).partitions.length;
  }
  return count;
}

/** The extensions among the rounds up to this one, in their order. */
export async function extensionsUpTo(out: string, last: number): Promise<Extension[]> {
  const found: Extension[] = [];
  for (let number = 1; number <= last; number++) {
    const { kind, round } = await readFinished(out, number);
    if (kind === 'extension') found.push(round);
  }
  return found;
}

/** All sources, so that the number of a source in any list is its index. */
export function allSources(plan: Plan, extensions: readonly Extension[]): string[] {
  return [...plan.config.sources, ...extensions.flatMap(({ sources }) => sources)];
}
