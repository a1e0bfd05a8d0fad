/** Threads that run a module of this package. */
import { Worker } from 'node:worker_threads';

/**
 * From the sources through the starter of the command lines, from a built package directly.
 * @param module path from the package's root, without its ending: `base/lock/object-beat`
 */
export function startWorker(module: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`../${module}.js`, import.meta.url), { workerData });
  }
  const starter = new URL('../bin/start.js', import.meta.url);
  return new Worker(starter, { argv: [`${module}.ts`], execArgv: [], workerData });
}
