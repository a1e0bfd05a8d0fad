/** How much is in flight, and on how many cores. */
import { availableParallelism } from 'node:os';

/** Two batches for each core: one is decoded while the other is read, packed or waited for. */
const LANES_PER_WORKER = 2;

/** libvips works on libuv's threads; their number is fixed when the process starts, see bin/start.js. */
const DEFAULT_THREADS = 4;

/** @param workers CPU cores to keep busy; those that this process can use when not given */
export function lanesOf(workers = usableCores()): number {
  return workers * LANES_PER_WORKER;
}

function usableCores(): number {
  return Math.min(availableParallelism(), threads());
}

function threads(): number {
  return Number(process.env.UV_THREADPOOL_SIZE ?? DEFAULT_THREADS) || DEFAULT_THREADS;
}

/** What to tell when more was asked for, or is there, than this process can use. */
export function threadsHint(workers = availableParallelism()): string | undefined {
  if (workers <= threads()) return undefined;
  return `this process decodes on ${threads()} threads: set UV_THREADPOOL_SIZE=${workers}, or start several ranks, to use ${workers} cores`;
}
