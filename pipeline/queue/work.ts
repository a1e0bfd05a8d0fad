/**
 * A worker of a queue: takes partitions as they come, until all are done. Workers may start and end at
 * any time; the last partition is finished by whoever is there, and so is the dataset.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';
import { CodecLmError } from '../../base/error.ts';
import { storageAt } from '../../base/storage/index.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Plan } from '../../schemas/plan.ts';
import { MANIFEST_FILE, readManifest } from '../../shards/index.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { EncodeContext } from '../encode/encode.ts';
import { doneEvent } from '../events.ts';
import { finalizePlan } from '../finish/finalize.ts';
import { inputsOf, type Partition } from '../plan/plan.ts';
import type { LockedRequest } from '../run-request.ts';
import { checkFailureShare } from '../status/failures.ts';
import { doneNames } from '../status/status.ts';
import { addMissing, jobOptions } from './fill.ts';
import { PartitionRunner } from './partition.ts';
import {
  type BullMq,
  type Connected,
  connect,
  FINALIZE,
  LEASE_MS,
  type PartitionJob,
  queueFileOf,
  queueNameOf,
  STALLED_CHECK_MS,
  TRIES,
} from './queue.ts';
import { Suspects } from './suspects.ts';

/** Partitions of a worker that are in work at once: one is written while the next is encoded. */
const AT_ONCE = 2;
/** A partition that has to wait for another one of this worker is offered again after this time. */
const LATER_MS = 1_000;
/** How often an idle worker looks whether the dataset is complete. */
const LOOK_MS = 500;

export type QueueRequest = LockedRequest & {
  queue: string;
  partitions: readonly Partition[];
  context: EncodeContext & { tokenizer: Tokenizer };
  plan: Plan;
};

/**
 * @returns the manifest, when the dataset is complete
 * @throws CodecLmError `RANK_FAILED` that names the partitions that were given up; the error that this
 *   worker met itself: the others go on
 */
export async function workFromQueue(request: QueueRequest): Promise<Manifest> {
  const { out, queue: address, partitions, emit, plan, maxFailures } = request;
  const connected = await connect(address, await queueNameOf(out));
  const runner = new PartitionRunner(request);
  const state: { error?: unknown } = {};
  let worker: Worker<PartitionJob> | undefined;
  try {
    await refill(connected, request);
    const done = await doneNames(out);
    const before = partitions.filter(({ name }) => done.has(name));
    emit({
      type: 'begin',
      work: { inputs: inputsOf(partitions), partitions: partitions.length },
      before: { inputs: inputsOf(before), partitions: before.length },
    });
    worker = startWorker(connected, request, runner, state);
    await untilComplete(connected, request, state);
    const manifest = await readManifest(out);
    emit(doneEvent(out, manifest, { isNew: true }));
    checkFailureShare(manifest.totals.failuresByCode, plan.inputs, maxFailures, out);
    return manifest;
  } finally {
    await worker?.close().catch(() => undefined);
    await connected.close();
  }
}

/** A queue that lost its memory, or was never filled, gets the partitions that are left. */
async function refill({ queue }: Connected, { out, partitions }: QueueRequest): Promise<void> {
  const counts = await queue.getJobCounts();
  if (Object.values(counts).every((count) => count === 0)) await addMissing(queue, out, partitions);
}

function startWorker(
  { bullmq, connection, queue }: Connected,
  request: QueueRequest,
  runner: PartitionRunner,
  state: { error?: unknown },
): Worker<PartitionJob> {
  const suspects = new Suspects();
  const process = async (job: Job<PartitionJob>, token?: string) => {
    const end = suspects.begin(job);
    if (!end) return leave(bullmq, job, token!, LATER_MS);
    try {
      await job.updateData({ ...job.data, worker: thisWorker() });
      if (job.name === FINALIZE) await finalize(request);
      else await runner.run(job.data.partition, () => lease(job, token!));
    } catch (error) {
      await giveBack(bullmq, job, token!, request, error);
      // Another worker has the partition by now; that is no error of this one.
      if (
        !(error instanceof CodecLmError && error.code === 'LOCK_LOST' && !request.signal.aborted)
      ) {
        state.error ??= error;
      }
      throw error;
    } finally {
      end();
    }
  };
  const worker = new bullmq.Worker<PartitionJob>(queue.name, process, {
    connection,
    concurrency: AT_ONCE,
    lockDuration: LEASE_MS,
    stalledInterval: STALLED_CHECK_MS,
    // The first try is none of the stalls.
    maxStalledCount: TRIES - 1,
    skipVersionCheck: true,
  });
  worker.on('error', () => undefined);
  return worker;
}

function thisWorker(): string {
  return `${hostname()}:${process.pid}`;
}

/** @throws CodecLmError `LOCK_LOST` when the lease has run out and another worker may have it */
async function lease(job: Job<PartitionJob>, token: string): Promise<void> {
  const isOurs = await job.extendLock(token, LEASE_MS).then(
    (extended) => extended === 1,
    () => false,
  );
  if (isOurs) return;
  throw new CodecLmError('LOCK_LOST', `the lease of ${job.data.partition} has run out`);
}

/** A worker that is stopped leaves its partition to the others at once; that is no failed try. */
async function giveBack(
  bullmq: BullMq,
  job: Job<PartitionJob>,
  token: string,
  { signal }: QueueRequest,
  error: unknown,
): Promise<void> {
  if (!signal.aborted) return;
  await leave(bullmq, job, token, 1).catch((problem) => {
    throw problem instanceof bullmq.DelayedError ? problem : error;
  });
}

/** Puts a partition back into the queue, for any worker; that is no failed try. */
async function leave(bullmq: BullMq, job: Job, token: string, afterMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token);
  throw new bullmq.DelayedError();
}

async function finalize({ out, plan, context, maxFailures, lock }: QueueRequest): Promise<void> {
  if (await isComplete(out)) return;
  await finalizePlan(out, plan, context.tokenizer, maxFailures, lock);
}

async function isComplete(out: string): Promise<boolean> {
  return (await storageAt(out).names(out)).includes(MANIFEST_FILE);
}

/** Waits for the dataset, whoever finishes it; throws what stops this worker. */
async function untilComplete(
  { queue }: Connected,
  request: QueueRequest,
  state: { error?: unknown },
): Promise<void> {
  const { out, partitions, signal } = request;
  for (;;) {
    signal.throwIfAborted();
    if (state.error !== undefined) throw state.error;
    const { waiting, active, delayed, failed } = await queue.getJobCounts();
    if (waiting + active + delayed === 0) {
      if (await isComplete(out)) return tidy(queue, out);
      if (failed > 0) throw await givenUp(queue);
      const done = await doneNames(out);
      const left = partitions.filter(({ name }) => !done.has(name));
      if (left.length > 0) await addMissing(queue, out, left);
      else await queue.add(FINALIZE, { partition: FINALIZE }, jobOptions(FINALIZE));
    }
    await sleep(LOOK_MS);
  }
}

/** The queue has done its work. Others that still look find the complete dataset. */
async function tidy(queue: Connected['queue'], out: string): Promise<void> {
  await queue.obliterate({ force: true }).catch(() => undefined);
  await storageAt(out).remove(queueFileOf(out));
}

async function givenUp(queue: Connected['queue']): Promise<CodecLmError> {
  const failed = await queue.getFailed();
  const named = failed.map(({ data, failedReason }) => `${data.partition} (${failedReason})`);
  return new CodecLmError('RANK_FAILED', `given up after ${TRIES} tries: ${named.join(', ')}`, {
    hint: 'look for the reason where it ran; `pipeline plan` with the same options and `queue` gives it new tries',
  });
}
