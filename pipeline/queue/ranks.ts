/** How workers of a queue share the lock of a dataset: as ranks that nobody counts. */
import { randomInt } from 'node:crypto';
import type { Ranks } from '../../base/lock/record.ts';

/**
 * A world size that no launcher has. Holders with the same size share a lock, each with a rank of its
 * own; every other process is kept out.
 */
const QUEUE_SIZE = 2 ** 47;

/** A rank for this worker, which is drawn: workers come and go, and do not know each other. */
export function queueRanks(): Ranks {
  return { rank: randomInt(QUEUE_SIZE), size: QUEUE_SIZE };
}

export function isQueueRank({ size }: Pick<Ranks, 'size'>): boolean {
  return size === QUEUE_SIZE;
}
