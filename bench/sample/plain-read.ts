/**
 * Measures the time to read memory on several threads without computing anything: each reads a
 * piece of its own from the beginning to the end. The further threads are this file too.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Barrier } from '../../trainer/sample/engine/barrier.ts';
import {
  type FunctionSpec,
  f32x4,
  forEachOnce,
  I32,
  i32,
  V128,
  v128,
} from '../../wasm/assembler.ts';
import { instantiate, PAGE_BYTES } from '../../wasm/instantiate.ts';

/** The barrier's cells, the bytes to read, and where sums go. */
const BYTES_CELL = 2;
const SUMS = 64;
const LINE = 64;

type Kernel = (at: number, bytes: number, to: number) => void;

/** Parameters: where to begin, bytes (a multiple of 64), where the sum of all of them goes. */
const sumOf: FunctionSpec = {
  name: 'sumOf',
  params: [I32, I32, I32],
  body(scope, at, bytes, to) {
    const end = scope.local(I32);
    const sums = [0, 1, 2, 3].map(() => scope.local(V128));
    return [
      end.set(i32.add(at.get, bytes.get)),
      sums.map((sum) => sum.set(f32x4.const(0))),
      forEachOnce(
        at,
        end.get,
        LINE,
        sums.map((sum, i) => sum.set(f32x4.add(sum.get, v128.load(at.get, 16 * i)))),
      ),
      v128.store(to.get, sums.map((sum) => sum.get).reduce(f32x4.add)),
    ];
  },
};

class ReadingThread {
  readonly #cells: Int32Array;
  readonly #barrier: Barrier;
  readonly #sumOf: Kernel;
  readonly #thread: number;
  readonly #threads: number;

  constructor(memory: WebAssembly.Memory, thread: number, threads: number) {
    this.#cells = new Int32Array(memory.buffer, 0, 4);
    this.#barrier = new Barrier(this.#cells, threads);
    this.#sumOf = instantiate<{ sumOf: Kernel }>([sumOf], memory).sumOf;
    this.#thread = thread;
    this.#threads = threads;
  }

  /** @returns false when there is nothing more to read */
  read(): boolean {
    this.#barrier.wait(true);
    const bytes = this.#cells[BYTES_CELL];
    if (bytes === 0) return false;
    const share = Math.floor(bytes / this.#threads / LINE) * LINE;
    this.#sumOf(PAGE_BYTES + this.#thread * share, share, SUMS + 16 * this.#thread);
    this.#barrier.wait();
    return true;
  }
}

export class PlainReader {
  readonly #cells: Int32Array;
  readonly #own: ReadingThread;

  /** @param most bytes that will be read at once */
  constructor(most: number, threads: number) {
    const pages = Math.ceil(most / PAGE_BYTES) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    // Memory that nobody has written to is one page of zeros.
    new Float32Array(memory.buffer, PAGE_BYTES).fill(1);
    this.#cells = new Int32Array(memory.buffer, 0, 4);
    this.#own = new ReadingThread(memory, 0, threads);
    const starter = new URL('../../bin/start.js', import.meta.url);
    for (let thread = 1; thread < threads; thread++) {
      const argv = ['bench/sample/plain-read.ts'];
      new Worker(starter, { argv, execArgv: [], workerData: { memory, thread, threads } });
    }
  }

  /** @returns milliseconds */
  read(bytes: number): number {
    this.#cells[BYTES_CELL] = bytes;
    const start = performance.now();
    this.#own.read();
    return performance.now() - start;
  }

  close(): void {
    this.read(0);
  }
}

if (!isMainThread) {
  const { memory, thread, threads } = workerData;
  const own = new ReadingThread(memory, thread, threads);
  while (own.read());
}
