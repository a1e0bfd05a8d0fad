/**
 * Starts the additional threads of the decoder, and defines the shared memory that controls them.
 */
import type { Worker } from 'node:worker_threads';
import { startWorker } from '../../../base/worker.ts';
import type { LlamaConfig } from '../../model/config.ts';
import type { EngineLayout } from './regions.ts';

export interface ThreadData {
  config: LlamaConfig;
  layout: EngineLayout;
  /** One for each region. */
  memories: readonly WebAssembly.Memory[];
  /** The kernels. */
  module: WebAssembly.Module;
  /** Path of the compiled kernels that stand in for others, if any. */
  compiled?: string;
  thread: number;
}

/** Int32 cells of the control block; the first two belong to the barrier. */
export const STEP_ROWS = 2;
export const STEP_WANTED = 3;
/** Ends the threads when it is in place of a number of rows. */
export const STOP = -1;

export function controlOf(
  memories: readonly WebAssembly.Memory[],
  { regions }: EngineLayout,
): Int32Array {
  return new Int32Array(memories[0].buffer, regions[0].control, 8);
}

const MODULE = 'trainer/sample/engine/worker';

/** Starts all threads but the first, which is the caller's own. */
export function startThreads(first: ThreadData): Worker[] {
  return Array.from({ length: first.layout.threads - 1 }, (_, i) => {
    const worker = startWorker(MODULE, { ...first, thread: i + 1 } satisfies ThreadData);
    // A decoder that is no longer used does not keep the process alive.
    worker.unref();
    return worker;
  });
}
