/**
 * The heartbeat of a lock in object storage: a thread of its own, because learning a tokenizer or a
 * training step may block the main thread for longer than others wait.
 */
import { Worker } from 'node:worker_threads';
import type { BeatOptions } from './store.ts';

export interface ObjectBeat extends Omit<BeatOptions, 'onLost'> {
  /** The record. */
  place: string;
}

/** @returns a function that ends the heartbeat */
export function startObjectHeart({ onLost, ...beat }: ObjectBeat & BeatOptions): () => void {
  const worker = startWorker(beat);
  let isOver = false;
  const lose = (reason: string) => {
    if (isOver) return;
    isOver = true;
    onLost(reason);
  };
  worker.unref();
  worker.on('message', lose);
  worker.on('error', (error) => lose(`has no heartbeat any more: ${error.message}`));
  worker.on('exit', () => lose('has no heartbeat any more: its thread has ended'));
  return () => {
    isOver = true;
    void worker.terminate();
  };
}

/** From the sources through the starter of the command lines, from a built package directly. */
function startWorker(workerData: ObjectBeat): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./object-beat.js', import.meta.url), { workerData });
  }
  const starter = new URL('../../bin/start.js', import.meta.url);
  return new Worker(starter, { argv: ['base/lock/object-beat.ts'], execArgv: [], workerData });
}
