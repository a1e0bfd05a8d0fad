/** Fills the queue of a dataset with the partitions that are not done. */
import type { Partition } from '../plan/plan.ts';
import { doneNames } from '../status/status.ts';
import { connect, type PartitionQueue, queueNameOf, TRIES } from './queue.ts';

/** Jobs that are added at once. */
const BULK = 1000;

/** Adds what is not done and not in the queue; partitions that were given up get new tries. */
export async function fillQueue(
  address: string,
  out: string,
  partitions: readonly Partition[],
): Promise<void> {
  const { queue, close } = await connect(address, await queueNameOf(out));
  try {
    for (const job of await queue.getJobs(['failed', 'completed'])) await job?.remove();
    await addMissing(queue, out, partitions);
  } finally {
    await close();
  }
}

/** A job has the name of its partition as its id, so it is never in the queue twice. */
export async function addMissing(
  queue: PartitionQueue,
  out: string,
  partitions: readonly Partition[],
): Promise<void> {
  const done = await doneNames(out);
  const todo = partitions.filter(({ name }) => !done.has(name));
  for (let at = 0; at < todo.length; at += BULK) {
    await queue.addBulk(
      todo.slice(at, at + BULK).map(({ name }) => ({
        name: 'partition',
        data: { partition: name },
        opts: jobOptions(name),
      })),
    );
  }
}

export function jobOptions(jobId: string) {
  return {
    jobId,
    attempts: TRIES,
    backoff: { type: 'fixed', delay: 1_000 },
    removeOnComplete: true,
  };
}
