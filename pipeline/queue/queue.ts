/**
 * The queue of a dataset: BullMQ on Redis or Valkey. A job is a partition. Who works on it renews a lease;
 * when the lease runs out, the next worker gets it.
 */
import { randomBytes } from 'node:crypto';
import type { ConnectionOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { CodecLmError, messageOf } from '../../base/error.ts';
import { loadOptional } from '../../base/optional.ts';
import { joinPlace, storageAt } from '../../base/storage/index.ts';
import { readJson } from '../files.ts';

/** A lease is renewed at its half. With the look for dead ones, a partition is taken over within 12 s. */
export const LEASE_MS = 8_000;
export const STALLED_CHECK_MS = 2_000;

/** A partition that was lost or failed this many times is given up, and named. */
export const TRIES = 5;

/** The job that completes the dataset, after all others. */
export const FINALIZE = 'finalize';

/** Content of a job: the name of a partition. */
export interface PartitionJob {
  partition: string;
  /** The worker that has begun it, for `pipeline status`. */
  worker?: string;
}

export type PartitionQueue = Queue<PartitionJob>;
export type BullMq = typeof import('bullmq');

export const queueFileSchema = z.strictObject({
  queue: z.string().regex(/^codec-lm-[0-9a-f]{16}$/),
});

/** Name of the queue in the dataset, so that all of its workers find the same one. */
const QUEUE_FILE = 'queue.json';

export function queueFileOf(out: string): string {
  return joinPlace(out, QUEUE_FILE);
}

/** The name that the dataset gives its queue; the first that asks decides. */
export async function queueNameOf(out: string): Promise<string> {
  const path = queueFileOf(out);
  const found = await readJson(path, queueFileSchema);
  if (found) return found.queue;
  const queue = `codec-lm-${randomBytes(8).toString('hex')}`;
  await storageAt(out).putIfAbsent(path, Buffer.from(`${JSON.stringify({ queue })}\n`));
  const now = await readJson(path, queueFileSchema);
  if (now) return now.queue;
  throw new CodecLmError('IO_FAILED', `${path} has vanished`, { path });
}

export interface Connected {
  bullmq: BullMq;
  connection: ConnectionOptions;
  queue: PartitionQueue;
  redis: Redis;
  close(): Promise<void>;
}

/**
 * @param address `redis://…` or `rediss://…`, maybe with a password
 * @throws CodecLmError `USAGE` for another address; `STORAGE_UNAVAILABLE` when no server answers;
 *   `TOOL_MISSING` without the optional packages
 */
export async function connect(address: string, name: string): Promise<Connected> {
  const bullmq = loadOptional<BullMq>('bullmq', 'queues');
  const { Redis: Client } = loadOptional<typeof import('ioredis')>('ioredis', 'queues');
  const redis = await reach(
    new Client(address, { lazyConnect: true, ...WHILE_CONNECTING }),
    address,
  );
  const connection = redis as unknown as ConnectionOptions;
  const queue: PartitionQueue = new bullmq.Queue(name, { connection, skipVersionCheck: true });
  queue.on('error', () => undefined);
  return {
    bullmq,
    connection,
    queue,
    redis,
    async close() {
      await queue.close();
      redis.disconnect();
    },
  };
}

/** BullMQ waits for a server that is away for a while; one that was never there is an error. */
const WHILE_CONNECTING = { maxRetriesPerRequest: null, connectTimeout: 10_000 };

async function reach(redis: Redis, address: string): Promise<Redis> {
  const retry = redis.options.retryStrategy;
  redis.options.retryStrategy = () => null;
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const message = `the queue ${withoutPassword(address)} does not answer: ${messageOf(reason ?? error)}`;
    throw new CodecLmError('STORAGE_UNAVAILABLE', message, {
      cause: error,
      hint: 'start a Redis or Valkey there, or name another `queue`',
    });
  }
  redis.options.retryStrategy = retry;
  return redis;
}

/** An address as it may be shown. */
export function withoutPassword(address: string): string {
  return address.replace(/\/\/[^@/]*@/, '//…@');
}
