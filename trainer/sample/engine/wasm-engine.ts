/**
 * The decoder's engine on CPUs: a Llama in this project's WebAssembly kernels, on several threads.
 */

import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { CodecLmError } from '../../../base/error.ts';
import type { Weights } from '../../../base/safetensors/weights.ts';
import { findCompiled } from '../../../compute/compiled/find.ts';
import { adviseLargePages } from '../../../compute/compiled/large-pages.ts';
import type { CacheType, WeightsType } from '../../../schemas/sample.ts';
import { headSize, type LlamaConfig, parameterCount } from '../../model/config.ts';
import { ROW_CELLS } from './attend.ts';
import { Barrier } from './barrier.ts';
import { planCache } from './cache.ts';
import type { CachedSequence, Engine, EngineRow } from './engine.ts';
import { writeEmptyAverage } from './kernels/average.ts';
import { compileKernels, newMemory } from './kernels/module.ts';
import { CACHE_PAGE } from './kernels/pages.ts';
import { FLOAT, fitsEngine, MAX_ROWS, type RegionLayout } from './layout.ts';
import { type PagedSequence, PagePool } from './pages.ts';
import { describeEngine, type EngineLayout } from './regions.ts';
import { StepThread } from './step.ts';
import {
  controlOf,
  STEP_ROWS,
  STEP_WANTED,
  STOP,
  startThreads,
  type ThreadData,
} from './threads.ts';
import { type WeightSink, WeightWriter } from './weight-writer.ts';
import { fillWeights } from './writing/threads.ts';

export interface EngineSize {
  /** Number of sequences open at once; at most 64. */
  sequences: number;
  /** Number of tokens of the longest sequence. */
  positions: number;
  /** Cores to use; default: all, but one for a model that is too small to share. */
  threads?: number;
  /** Number format that matrices are held in; default fp32. Embeddings, norms and activations are fp32. */
  weights?: WeightsType;
  /**
   * Number format of keys and values; default: fp32 for fp32 weights, bf16 for narrower ones, int8
   * where memory is too short for these.
   */
  cache?: CacheType;
  /**
   * Whether compiled code may multiply matrices and attend, where `codec-lm setup` has made it and the processor has
   * AVX-512; default true. Results are those of WebAssembly, to the last bit.
   */
  compiled?: boolean;
  /** For tests: bytes of one WebAssembly memory at most. */
  memoryBytes?: number;
}

/**
 * Writes all weights of a model, in any order and in pieces: whole buffers, which it gives away.
 * @param remark what the engine decided that its user may want to know, if anything
 */
export type FillWeights = (sink: WeightSink, remark?: string) => Promise<void>;

/** Number of parameters below which threads would wait for each other longer than they compute. */
export const SMALL_MODEL = 2_000_000;
const MOST_THREADS = 16;

/**
 * @returns undefined when the kernels do not support the sizes of the model
 * @throws CodecLmError `MEMORY_LIMIT`; `CONFIG_INVALID` if these sizes do not allow that format of the cache
 */
export function createWasmEngine(
  config: LlamaConfig,
  weights: Weights,
  size: EngineSize,
): Engine | undefined {
  const place = planEngine(config, size);
  if (!place) return undefined;
  for (const [name, { data }] of weights) place.writer.write(name, 0, data);
  return new WasmEngine(config, place);
}

/**
 * As `createWasmEngine`, with weights that need not be in memory at once.
 * @param fill called once there is room for them
 */
export async function loadWasmEngine(
  config: LlamaConfig,
  size: EngineSize,
  fill: FillWeights,
): Promise<Engine | undefined> {
  const place = planEngine(config, size);
  if (!place) return undefined;
  await fillWeights(config, place, (sink) => fill(sink, place.remark));
  return new WasmEngine(config, place);
}

interface EnginePlace {
  layout: EngineLayout;
  memories: WebAssembly.Memory[];
  writer: WeightWriter;
  /** Path of compiled kernels. */
  compiled?: string;
  remark?: string;
}

function planEngine(config: LlamaConfig, size: EngineSize): EnginePlace | undefined {
  if (!fitsEngine(config)) return undefined;
  const { sequences, positions, threads = defaultThreads(config), weights = 'fp32' } = size;
  const plan = { sequences, positions, threads, weights };
  const { layout, remark } = planCache(config, plan, size);
  const memories = layout.regions.map(({ bytes }) => newMemory(bytes));
  const compiled = size.compiled === false ? undefined : findCompiled();
  // Not the cache behind the weights: each sequence would take memory in pieces of 2 MiB a layer.
  for (const [i, { pages }] of layout.regions.entries()) {
    if (compiled) adviseLargePages(memories[i], pages);
  }
  return { layout, memories, writer: new WeightWriter(config, layout, memories), compiled, remark };
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
  readonly #regions: RegionMemory[];
  readonly #control: Int32Array;
  readonly #barrier: Barrier;
  readonly #step: StepThread;
  readonly #workers: Worker[];
  readonly #pool: PagePool;
  /** Radians per position, for each pair of a head. */
  readonly #frequencies: Float64Array;

  constructor(config: LlamaConfig, { layout, memories, compiled }: EnginePlace) {
    this.#config = config;
    this.#layout = layout;
    this.vocabSize = config.vocabSize;
    this.capacity = layout.pageCount * CACHE_PAGE;
    this.description = describeEngine(layout, compiled);
    const size = headSize(config);
    this.#regions = layout.regions.map((region, i) => {
      const floats = new Float32Array(memories[i].buffer);
      writeEmptyAverage(floats, region.emptyAverage, size);
      return { layout: region, floats, words: new Uint32Array(memories[i].buffer) };
    });
    this.#control = controlOf(memories, layout);
    this.#barrier = new Barrier(this.#control, layout.threads);
    const module = compileKernels(size, layout.weights, layout.cache);
    const first: ThreadData = { config, layout, memories, module, compiled, thread: 0 };
    this.#step = new StepThread(first, this.#barrier);
    this.#workers = startThreads(first);
    this.#pool = new PagePool(layout.pageCount, layout.sequences);
    this.#frequencies = Float64Array.from(
      { length: size / 2 },
      (_, i) => config.ropeTheta ** ((-2 * i) / size),
    );
  }

  open(capacity: number): CachedSequence | undefined {
    return this.#open(capacity, []);
  }

  fork(source: CachedSequence, length: number, capacity: number): CachedSequence | undefined {
    const { pages } = source as PagedSequence;
    const full = Math.floor(length / CACHE_PAGE);
    const fork = this.#open(capacity, pages.slice(0, full));
    if (fork === undefined) return undefined;
    // Both sequences write to the page after the full ones, so it is copied; nobody reads behind the
    // end of a sequence.
    if (length % CACHE_PAGE > 0) this.#copyPage(pages[full], fork.pages[full]);
    fork.length = length;
    return fork;
  }

  /** @param shared pages of another sequence that the new one begins with */
  #open(capacity: number, shared: readonly number[]): PagedSequence | undefined {
    const count = Math.ceil(capacity / CACHE_PAGE);
    if (count * 4 > this.#layout.regions[0].tableBytes) {
      throw new CodecLmError('INTERNAL', `a sequence of ${capacity} tokens was not planned for`);
    }
    const sequence = this.#pool.take(count, shared);
    if (sequence === undefined) return undefined;
    for (const { layout, words } of this.#regions) {
      const table = tableOf(layout, sequence) / 4;
      sequence.pages.forEach((page, i) => {
        words[table + i] = page * layout.pageBytes;
      });
    }
    return sequence;
  }

  rewind(sequence: CachedSequence, length: number): void {
    (sequence as PagedSequence).rewind(length);
  }

  close(sequence: CachedSequence): void {
    this.#pool.giveBack(sequence as PagedSequence);
  }

  async step(rows: readonly EngineRow[]): Promise<Float32Array[]> {
    const wanted = this.#place(rows);
    this.#control[STEP_ROWS] = rows.length;
    this.#control[STEP_WANTED] = wanted;
    this.#barrier.wait();
    this.#step.run({ rows: rows.length, wanted });
    const { layout, floats } = this.#regions.at(-1)!;
    return Array.from({ length: wanted }, (_, i) => {
      const start = layout.logits / FLOAT + i * layout.logitStride;
      return floats.subarray(start, start + this.vocabSize);
    });
  }

  async dispose(): Promise<void> {
    this.#control[STEP_ROWS] = STOP;
    this.#barrier.wait();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Copies a page in all layers. */
  #copyPage(from: number, to: number): void {
    for (const { layout, floats } of this.#regions) {
      const { pages, layerBytes, pageBytes, fromLayer, toLayer } = layout;
      for (let layer = 0; layer < toLayer - fromLayer; layer++) {
        const start = (pages + layer * layerBytes) / FLOAT;
        const [source, target] = [from, to].map((page) => start + (page * pageBytes) / FLOAT);
        floats.copyWithin(target, source, source + pageBytes / FLOAT);
      }
    }
  }

  /** Writes the data of the rows that the threads read. @returns the number of rows with logits */
  #place(rows: readonly EngineRow[]): number {
    const wanted = rows.flatMap(({ wantsLogits }, i) => (wantsLogits ? [i] : []));
    rows.forEach((row, i) => {
      const sequence = row.sequence as PagedSequence;
      if (sequence.length >= sequence.capacity) {
        throw new CodecLmError('INTERNAL', `a sequence has no room for token ${sequence.length}`);
      }
      const goesOn = rows[i - 1]?.sequence === sequence;
      for (const region of this.#regions) this.#placeRow(region, i, sequence, goesOn);
      this.#embed(i, row.id);
      sequence.length++;
    });
    const { layout, words } = this.#regions.at(-1)!;
    words.set(wanted, layout.wanted / 4);
    return wanted.length;
  }

  #placeRow(
    { layout, floats, words }: RegionMemory,
    row: number,
    sequence: PagedSequence,
    goesOn: boolean,
  ): void {
    const cell = layout.rows / 4 + row * ROW_CELLS;
    words[cell] = tableOf(layout, sequence);
    words[cell + 1] = sequence.length;
    words[cell + 2] = goesOn ? 1 : 0;
    // Cosines and sines of its position, in double precision first: see ops/rope.ts.
    const half = this.#frequencies.length;
    const cos = layout.cos / FLOAT + row * half;
    const sin = layout.sin / FLOAT + row * half;
    for (let i = 0; i < half; i++) {
      floats[cos + i] = Math.cos(sequence.length * this.#frequencies[i]);
      floats[sin + i] = Math.sin(sequence.length * this.#frequencies[i]);
    }
  }

  #embed(row: number, id: number): void {
    const { hiddenSize } = this.#config;
    const { layout, floats } = this.#regions[0];
    const from = layout.embedding / FLOAT + id * hiddenSize;
    floats.copyWithin(layout.x / FLOAT + row * hiddenSize, from, from + hiddenSize);
  }
}

/** A region as the engine itself sees it. */
interface RegionMemory {
  layout: RegionLayout;
  floats: Float32Array;
  words: Uint32Array;
}

/** Where the page table of a sequence lies. */
function tableOf({ tables, tableBytes }: RegionLayout, { slot }: PagedSequence): number {
  return tables + slot * tableBytes;
}
