/** How far a dataset is, from its directory alone. */

import { join } from 'node:path';
import { type PartitionStats, partitionStatsSchema } from '../schemas/dataset.ts';
import { CodecLmError } from '../schemas/error.ts';
import { namesIn, paths, readJson } from './files.ts';

/** Names of the partitions that are done: those with stats. */
export async function doneNames(out: string): Promise<Set<string>> {
  const names = await namesIn(join(out, 'stats'));
  const done = names.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  return new Set(done.map((name) => name.slice(0, -'.json'.length)));
}

/** @throws CodecLmError `DATASET_INVALID` */
export async function readStats(out: string, name: string): Promise<PartitionStats> {
  const path = paths.stats(out, name);
  const stats = await readJson(path, partitionStatsSchema);
  if (stats) return stats;
  throw new CodecLmError('DATASET_INVALID', `${path} has vanished`, { path });
}
