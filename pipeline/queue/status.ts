/** The workers of a queue and their leases, for `pipeline status`. */
import { readJson } from '../files.ts';
import { connect, queueFileOf, queueFileSchema } from './queue.ts';

export interface QueueStatus {
  /** Partitions that wait for a worker, and those that were given up. */
  waiting: number;
  failed: number;
  /** Partitions in work; `seconds` is what is left of the lease, null when it has run out. */
  leases: { partition: string; worker: string; tries: number; seconds: number | null }[];
}

/**
 * @returns null when the dataset has no queue, or none any more
 * @throws CodecLmError `STORAGE_UNAVAILABLE` when the queue does not answer
 */
export async function readQueue(address: string, out: string): Promise<QueueStatus | null> {
  const named = await readJson(queueFileOf(out), queueFileSchema);
  if (!named) return null;
  const { queue, redis, close } = await connect(address, named.queue);
  try {
    const { waiting, delayed, failed } = await queue.getJobCounts();
    const leases: QueueStatus['leases'] = [];
    for (const job of await queue.getActive()) {
      if (!job?.id) continue;
      const { partition, worker = 'a worker that has just begun' } = job.data;
      const left = await redis.pttl(`${queue.toKey(job.id)}:lock`);
      const tries = job.attemptsStarted + job.stalledCounter;
      leases.push({ partition, worker, tries, seconds: left > 0 ? left / 1000 : null });
    }
    return { waiting: waiting + delayed, failed, leases };
  } finally {
    await close();
  }
}
