/**
 * The heartbeat of a lock in object storage: a thread of its own, because learning a tokenizer or a
 * training step may block the main thread for longer than others wait.
 */
import { startWorker } from '../worker.ts';
import type { BeatOptions } from './store.ts';

export interface ObjectBeat extends Omit<BeatOptions, 'onLost'> {
  /** The record. */
  place: string;
}

/** @returns a function that ends the heartbeat */
export function startObjectHeart({ onLost, ...beat }: ObjectBeat & BeatOptions): () => void {
  const worker = startWorker('base/lock/object-beat', beat);
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
