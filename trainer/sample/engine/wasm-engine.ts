/**
 * The decoder's engine on CPUs: a Llama in this project's WebAssembly kernels, on several threads.
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { CodecLmError } from '../../../base/error.ts';
import { headSize, type LlamaConfig, parameterCount } from '../../model/config.ts';
import type { Weights } from '../../model/init.ts';
import { ROW_CELLS } from './attend.ts';
import { Barrier } from './barrier.ts';
import { StepThread } from './compute.ts';
import type { CachedSequence, Engine, EngineRow } from './engine.ts';
import { CACHE_PAGE } from './kernels/attention.ts';
import { writeEmptyAverage } from './kernels/average.ts';
import { compileKernels, newMemory } from './kernels/module.ts';
import {
  type EngineLayout,
  FLOAT,
  fitsEngine,
  MAX_ROWS,
  packWeights,
  planLayout,
} from './layout.ts';
import { controlOf, STEP_ROWS, STEP_WANTED, STOP, startThreads } from './threads.ts';

export interface EngineSize {
  /** Number of sequences open at once; at most 64. */
  sequences: number;
  /** Number of tokens of the longest sequence. */
  positions: number;
  /** Cores to use; default: all, but one for a model that is too small to share. */
  threads?: number;
}

/** Number of parameters below which threads would wait for each other longer than they compute. */
const SMALL_MODEL = 2_000_000;
const MOST_THREADS = 16;

class PagedSequence implements CachedSequence {
  length = 0;
  readonly capacity: number;
  /** Index of its page table. */
  readonly slot: number;
  readonly pages: number[];

  constructor(slot: number, pages: number[]) {
    this.slot = slot;
    this.pages = pages;
    this.capacity = pages.length * CACHE_PAGE;
  }
}

/** @returns undefined for a model that is too large, or whose sizes the kernels do not support */
export function createWasmEngine(
  config: LlamaConfig,
  weights: Weights,
  { sequences, positions, threads = defaultThreads(config) }: EngineSize,
): Engine | undefined {
  if (!fitsEngine(config)) return undefined;
  const layout = planLayout(config, threads, sequences, positions, sequences * positions);
  if (!layout) return undefined;
  return new WasmEngine(config, weights, layout);
}

function defaultThreads(config: LlamaConfig): number {
  if (parameterCount(config) < SMALL_MODEL) return 1;
  return Math.min(availableParallelism(), MOST_THREADS);
}

class WasmEngine implements Engine {
  readonly vocabSize: number;
  readonly maxRows = MAX_ROWS;
  readonly capacity: number;
  readonly description: string;
  readonly #config: LlamaConfig;
  readonly #layout: EngineLayout;
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #control: Int32Array;
  readonly #barrier: Barrier;
  readonly #step: StepThread;
  readonly #workers: Worker[];
  readonly #freePages: number[];
  readonly #freeSlots: number[];
  /** Radians per position, for each pair of a head. */
  readonly #frequencies: Float64Array;

  constructor(config: LlamaConfig, weights: Weights, layout: EngineLayout) {
    this.#config = config;
    this.#layout = layout;
    this.vocabSize = config.vocabSize;
    this.capacity = layout.pageCount * CACHE_PAGE;
    const threads = layout.normed.length;
    this.description = `WebAssembly kernels on ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    const memory = newMemory(layout.bytes);
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    packWeights(this.#floats, layout, config, weights);
    this.#control = controlOf(memory.buffer, layout);
    this.#barrier = new Barrier(this.#control, threads);
    const size = headSize(config);
    writeEmptyAverage(this.#floats, layout.emptyAverage, size);
    const kernels = compileKernels(memory, size);
    this.#step = new StepThread(config, kernels, layout, memory.buffer, this.#barrier, 0);
    this.#workers = startThreads(config, layout, memory);
    this.#freePages = Array.from({ length: layout.pageCount }, (_, i) => layout.pageCount - 1 - i);
    const { sequences } = layout;
    this.#freeSlots = Array.from({ length: sequences }, (_, i) => sequences - 1 - i);
    this.#frequencies = Float64Array.from(
      { length: size / 2 },
      (_, i) => config.ropeTheta ** ((-2 * i) / size),
    );
  }

  open(capacity: number): CachedSequence | undefined {
    const count = Math.ceil(capacity / CACHE_PAGE);
    if (count * 4 > this.#layout.tableBytes) {
      throw new CodecLmError('INTERNAL', `a sequence of ${capacity} tokens was not planned for`);
    }
    if (this.#freePages.length < count || this.#freeSlots.length === 0) return undefined;
    const pages = Array.from({ length: count }, () => this.#freePages.pop()!);
    const sequence = new PagedSequence(this.#freeSlots.pop()!, pages);
    const table = this.#table(sequence) / 4;
    pages.forEach((page, i) => {
      this.#words[table + i] = page * this.#layout.pageBytes;
    });
    return sequence;
  }

  close(sequence: CachedSequence): void {
    const { slot, pages } = sequence as PagedSequence;
    this.#freeSlots.push(slot);
    // Put the first page on top: pages taken in order are one stream, and later pages may never
    // have been written.
    this.#freePages.push(...pages.splice(0).reverse());
  }

  async step(rows: readonly EngineRow[]): Promise<Float32Array[]> {
    const wanted = this.#place(rows);
    this.#control[STEP_ROWS] = rows.length;
    this.#control[STEP_WANTED] = wanted;
    this.#barrier.wait();
    this.#step.run({ rows: rows.length, wanted });
    const { logits, logitStride } = this.#layout;
    return Array.from({ length: wanted }, (_, i) => {
      const start = logits / FLOAT + i * logitStride;
      return this.#floats.subarray(start, start + this.vocabSize);
    });
  }

  async dispose(): Promise<void> {
    this.#control[STEP_ROWS] = STOP;
    this.#barrier.wait();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Writes the data of the rows that the threads read. */
  #place(rows: readonly EngineRow[]): number {
    const { rows: rowsAt, wanted: wantedAt, embedding, x } = this.#layout;
    const { hiddenSize } = this.#config;
    let wanted = 0;
    rows.forEach((row, i) => {
      const sequence = row.sequence as PagedSequence;
      if (sequence.length >= sequence.capacity) {
        throw new CodecLmError('INTERNAL', `a sequence has no room for token ${sequence.length}`);
      }
      const cell = rowsAt / 4 + i * ROW_CELLS;
      this.#words[cell] = this.#table(sequence);
      this.#words[cell + 1] = sequence.length;
      this.#words[cell + 2] = rows[i - 1]?.sequence === sequence ? 1 : 0;
      if (row.wantsLogits) this.#words[wantedAt / 4 + wanted++] = i;
      this.#turn(i, sequence.length);
      const from = embedding / FLOAT + row.id * hiddenSize;
      this.#floats.copyWithin(x / FLOAT + i * hiddenSize, from, from + hiddenSize);
      sequence.length++;
    });
    return wanted;
  }

  /** Cosines and sines of a row's position, computed in double precision: see ops/rope.ts. */
  #turn(row: number, position: number): void {
    const half = this.#frequencies.length;
    const cos = this.#layout.cos / FLOAT + row * half;
    const sin = this.#layout.sin / FLOAT + row * half;
    for (let i = 0; i < half; i++) {
      this.#floats[cos + i] = Math.cos(position * this.#frequencies[i]);
      this.#floats[sin + i] = Math.sin(position * this.#frequencies[i]);
    }
  }

  #table({ slot }: PagedSequence): number {
    return this.#layout.tables + slot * this.#layout.tableBytes;
  }
}
