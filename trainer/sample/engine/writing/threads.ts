/**
 * Writes the weights of a large model on several threads: 7 billion of them keep one core busy for
 * a minute and a half, while files are read and widened to fp32 at several times that speed.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { CodecLmError, type ErrorDetails } from '../../../../base/error.ts';
import type { ErrorCode } from '../../../../base/error-codes.ts';
import { startWorker } from '../../../../base/worker.ts';
import { type LlamaConfig, parameterCount } from '../../../model/config.ts';
import type { EngineLayout } from '../regions.ts';
import type { WeightSink, WeightWriter } from '../weight-writer.ts';

export interface WriterData {
  config: LlamaConfig;
  layout: EngineLayout;
  /** One for each region. */
  memories: readonly WebAssembly.Memory[];
}

/** What a thread is given: the arguments of `WeightWriter.write`. */
export interface WriteJob {
  name: string;
  row: number;
  values: Float32Array;
}

/** What it answers when that is written, or cannot be. */
export interface WriteAnswer {
  error?: { code: ErrorCode; message: string; details: ErrorDetails };
}

const MODULE = 'trainer/sample/engine/writing/worker';

/** Threads take longer to start than it takes to write the weights of a smaller model. */
const LARGE_MODEL = 100_000_000;
/** Each holds a tensor as fp32. */
const MOST_THREADS = 4;

/**
 * @param fill hands over all weights: whole buffers, which it gives away
 * @throws CodecLmError of `WeightWriter.write`; what `fill` throws
 */
export async function fillWeights(
  config: LlamaConfig,
  { layout, memories, writer }: Omit<WriterData, 'config'> & { writer: WeightWriter },
  fill: (sink: WeightSink) => Promise<void>,
): Promise<void> {
  const threads = Math.min(layout.threads, MOST_THREADS);
  if (threads < 2 || parameterCount(config) < LARGE_MODEL) return fill(writer);
  return writeInThreads({ config, layout, memories }, threads, fill);
}

/** As `fillWeights`, always with so many threads. */
export async function writeInThreads(
  data: WriterData,
  threads: number,
  fill: (sink: WeightSink) => Promise<void>,
): Promise<void> {
  const all = Array.from({ length: threads }, () => new WritingThread(data));
  try {
    await fill({
      async write(name, row, values) {
        const free = await Promise.race(all.map((thread) => thread.done.then(() => thread)));
        free.write({ name, row, values });
      },
    });
    await Promise.all(all.map((thread) => thread.done));
  } finally {
    await Promise.all(all.map((thread) => thread.end()));
  }
}

class WritingThread {
  readonly #worker: Worker;
  readonly #failure: Promise<never>;
  #done: Promise<void> = Promise.resolve();

  constructor(data: WriterData) {
    this.#worker = startWorker(MODULE, data);
    this.#failure = once(this.#worker, 'error').then(([error]) => {
      throw error;
    });
    this.#failure.catch(() => {});
  }

  /** Resolves when nothing is being written. */
  get done(): Promise<void> {
    return this.#done;
  }

  write(job: WriteJob): void {
    this.#done = Promise.race([this.#answer(), this.#failure]);
    // Whoever waits for the thread next is told.
    this.#done.catch(() => {});
    this.#worker.postMessage(job, [job.values.buffer as ArrayBuffer]);
  }

  async #answer(): Promise<void> {
    const [{ error }]: WriteAnswer[] = await once(this.#worker, 'message');
    if (error) throw new CodecLmError(error.code, error.message, error.details);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
