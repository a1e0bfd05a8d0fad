/** How much is in flight, and on how many cores. */
import { availableParallelism } from 'node:os';

/**
 * Inputs that go through the stream as one: a step of it costs a tenth of a millisecond, an
 * image four. Small enough to spread evenly, and for large sources to fit in memory.
 */
export const BATCH = 8;

/** Batches beyond one for each core: some are read, packed or waited for while others are decoded. */
const MORE_LANES = 1;

/** libvips works on libuv's threads; their number is fixed when the process starts, see bin/start.js. */
const DEFAULT_THREADS = 4;

/** @param workers CPU cores to keep busy; those that this process can use when not given */
export function lanesOf(workers = usableCores()): number {
  return workers + MORE_LANES;
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
