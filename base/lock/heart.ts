/**
 * One thread beats for all locks of this process, because a training step blocks the main thread
 * while it runs. Starting a thread costs tens of milliseconds, so all locks share one. The thread
 * ends with the process, however that ends.
 */
import { Worker } from 'node:worker_threads';
import type { BeatOptions } from './store.ts';

/** Describes one lock to the thread. */
interface Job extends Omit<BeatOptions, 'onLost'> {
  id: number;
  path: string;
}

/**
 * The code of the thread. It writes only the first bytes of the file, through the descriptor whose
 * token it has read, so a different file under the same name is not touched. Closing the file sends
 * the beat to the server of a network share.
 */
const HEART = `
  const { closeSync, openSync, readFileSync, writeSync } = require('node:fs');
  const { parentPort } = require('node:worker_threads');
  const beating = new Map();
  const beat = (job) => {
    let file;
    try {
      file = openSync(job.path, 'r+');
      const text = readFileSync(file, 'utf8');
      if (!text.includes('"token":"' + job.token + '"')) return lose(job, 'is another process\\'s now');
      const head = '{"state":"holds","beat":"' + String(++job.beats).padStart(12, '0') + '"';
      writeSync(file, head, 0);
      job.last = performance.now();
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return lose(job, 'is gone');
      if (performance.now() - job.last > job.staleMs) lose(job, 'cannot be written: ' + error.message);
    } finally {
      if (file !== undefined) try { closeSync(file); } catch {}
    }
  };
  const stop = (id) => {
    clearInterval(beating.get(id)?.timer);
    beating.delete(id);
  };
  const lose = ({ id }, reason) => {
    stop(id);
    parentPort.postMessage({ id, reason });
  };
  parentPort.on('message', ({ start, stop: id }) => {
    if (start) {
      const job = { ...start, beats: 0, last: performance.now() };
      job.timer = setInterval(beat, job.everyMs, job);
      beating.set(job.id, job);
    } else stop(id);
  });
`;

/** An idle thread ends after this time. */
const IDLE_MS = 2_000;

let heart: Heart | undefined;
let lastId = 0;

class Heart {
  readonly thread = new Worker(HEART, { eval: true, execArgv: [] });
  readonly #onLost = new Map<number, (reason: string) => void>();
  #idle: NodeJS.Timeout | undefined;

  constructor() {
    this.thread.unref();
    this.thread.on('message', ({ id, reason }: { id: number; reason: string }) => {
      this.#onLost.get(id)?.(reason);
    });
    this.thread.on('error', (error) => this.#end(`has no heartbeat any more: ${error.message}`));
    this.thread.on('exit', () => this.#end('has no heartbeat any more: its thread has ended'));
  }

  start(job: Job, onLost: (reason: string) => void): void {
    clearTimeout(this.#idle);
    this.#onLost.set(job.id, onLost);
    this.thread.postMessage({ start: job });
  }

  stop(id: number): void {
    // A lock that is lost and then released stops twice; the second time starts no second timer.
    if (!this.#onLost.delete(id)) return;
    this.thread.postMessage({ stop: id });
    if (this.#onLost.size > 0) return;
    this.#idle = setTimeout(() => this.#end('is released'), IDLE_MS).unref();
  }

  #end(reason: string): void {
    if (heart === this) heart = undefined;
    for (const onLost of [...this.#onLost.values()]) onLost(reason);
    this.#onLost.clear();
    void this.thread.terminate();
  }
}

/** @returns a function that stops the heartbeat */
export function startHeart({ onLost, ...job }: BeatOptions & { path: string }): () => void {
  heart ??= new Heart();
  const id = ++lastId;
  const mine = heart;
  mine.start({ ...job, id }, onLost);
  return () => mine.stop(id);
}

/** The thread, for tests that kill it. */
export function heartThread(): Worker | undefined {
  return heart?.thread;
}
