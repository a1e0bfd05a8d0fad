/** Starts the further threads of the decoder, and what they are told through shared memory. */
import { Worker } from 'node:worker_threads';
import type { LlamaConfig } from '../../model/config.ts';
import type { EngineLayout } from './layout.ts';

export interface ThreadData {
  config: LlamaConfig;
  layout: EngineLayout;
  memory: WebAssembly.Memory;
  thread: number;
}

/** Int32 cells of the control block; the first two are the barrier's. */
export const STEP_ROWS = 2;
export const STEP_WANTED = 3;
/** Instead of a number of rows: ends the threads. */
export const STOP = -1;

export function controlOf(memory: ArrayBufferLike, layout: EngineLayout): Int32Array {
  return new Int32Array(memory, layout.control, 8);
}

/** All but the first, which is the caller's own. */
export function startThreads(
  config: LlamaConfig,
  layout: EngineLayout,
  memory: WebAssembly.Memory,
): Worker[] {
  return layout.normed.slice(1).map((_, i) => {
    const workerData: ThreadData = { config, layout, memory, thread: i + 1 };
    const worker = startWorker(workerData);
    // A decoder that is forgotten does not keep the process.
    worker.unref();
    return worker;
  });
}

/** From the sources through the same starter as the command lines; from a built package as it is. */
function startWorker(workerData: ThreadData): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./worker.js', import.meta.url), { workerData });
  }
  const starter = new URL('../../../bin/start.js', import.meta.url);
  return new Worker(starter, {
    argv: ['trainer/sample/engine/worker.ts'],
    execArgv: [],
    workerData,
  });
}
