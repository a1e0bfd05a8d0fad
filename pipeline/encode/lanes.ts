/** Decides how many inputs are in flight, and on how many cores. */
import { availableParallelism } from 'node:os';

/**
 * Inputs per batch. A batch costs a tenth of a millisecond, an image four milliseconds. Small
 * enough to distribute evenly, and for large sources to fit into memory.
 */
export const BATCH = 8;

/**
 * Batches in addition to one per core: some are being read, packed or waited for while others are
 * decoded.
 */
const MORE_LANES = 1;

/**
 * Further batches where inputs come over a network: while one is decoded in milliseconds, others wait
 * for replies that take ten times as long.
 */
export const FAR_LANES = 6;

/**
 * Default size of libuv's thread pool, on which libvips works. The size is fixed when the process
 * starts, see bin/start.js.
 */
const DEFAULT_THREADS = 4;

/** @param workers CPU cores to keep busy; default: those that this process can use */
export function lanesOf(workers = usableCores()): number {
  return workers + MORE_LANES;
}

function usableCores(): number {
  return Math.min(availableParallelism(), threads());
}

function threads(): number {
  return Number(process.env.UV_THREADPOOL_SIZE ?? DEFAULT_THREADS) || DEFAULT_THREADS;
}

/** Advice when more cores were requested, or exist, than this process can use. */
export function threadsHint(workers = availableParallelism()): string | undefined {
  if (workers <= threads()) return undefined;
  return `this process decodes on ${threads()} threads: set UV_THREADPOOL_SIZE=${workers}, or start several ranks, to use ${workers} cores`;
}
