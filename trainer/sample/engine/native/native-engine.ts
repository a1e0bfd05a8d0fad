/**
 * The decoder's engine on TensorFlow, for GPUs and for large batches on CPUs: all sequences go through
 * one product for each matrix. Weights, keys and values stay on the device; logits come back.
 */
import { availableParallelism } from 'node:os';
import { loadTensorFlow, type TensorFlowLibrary } from '../../../../compute/graph/library.ts';
import { GraphSession, type HostTensor } from '../../../../compute/graph/session.ts';
import { headSize, type LlamaConfig } from '../../../model/config.ts';
import type { CachedSequence, Engine, EngineRow } from '../engine.ts';
import { COPY_FEEDS, PADDINGS_FEED, SHAPE_FEED } from './cache.ts';
import { buildGraph, type DecoderGraph, type Entrance, LOGITS } from './graph.ts';
import { type NativeSize, sequencesThatFit } from './memory.ts';
import type { GraphTraits } from './ops.ts';
import { type SlotSequence, Slots } from './slots.ts';
import { traitsOf } from './traits.ts';
import { ROTATIONS, rotations, WEIGHT_FEED } from './variables.ts';

/** Most rows per step: products of a prompt get no faster with more. */
const MAX_ROWS = 256;
/** Keys and values grow by so many positions, or by an eighth. */
const LEAST_GROWTH = 128;

/** Writes a weight of the checkpoint. */
export type WriteWeight = (
  name: string,
  shape: readonly number[],
  values: Float32Array,
) => Promise<void>;

/**
 * @param fill writes all weights, in any order
 * @throws CodecLmError `BACKEND_UNAVAILABLE` if the native backend is not set up; `TOOL_MISSING`
 */
export async function loadNativeEngine(
  config: LlamaConfig,
  size: NativeSize,
  fill: (write: WriteWeight) => Promise<void>,
): Promise<Engine> {
  const tf = loadTensorFlow();
  const sequences = tf.device === 'cpu' ? sequencesThatFit(config, size) : size.sequences;
  const traits = await traitsOf(tf, config, size.weights);
  const engine = new NativeEngine(config, { ...size, sequences }, tf, traits);
  try {
    await engine.load(fill);
    return engine;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Rows of a step that go through one entrance of the graph. */
interface Part {
  entrance: Entrance;
  rows: { sequence: SlotSequence; id: number; position: number }[];
  /** First slot, and number of slots. */
  begin: number;
  count: number;
  /** Rows whose logits are asked for, with their places in the step. */
  wanted: { row: number; place: number }[];
}

class NativeEngine implements Engine {
  readonly vocabSize: number;
  readonly maxRows = MAX_ROWS;
  readonly capacity: number;
  readonly description: string;
  readonly isBatchDependent = true;
  readonly #config: LlamaConfig;
  readonly #size: NativeSize;
  readonly #session: GraphSession;
  readonly #graph: DecoderGraph;
  readonly #slots: Slots;
  /** Positions that keys and values have room for now. */
  #length = LEAST_GROWTH;

  constructor(config: LlamaConfig, size: NativeSize, tf: TensorFlowLibrary, traits: GraphTraits) {
    const { sequences, positions, threads = availableParallelism(), weights } = size;
    this.#config = config;
    this.#size = size;
    this.#graph = buildGraph(config, traits);
    this.#session = new GraphSession(tf, this.#graph.graph, threads);
    this.#slots = new Slots(sequences);
    this.vocabSize = config.vocabSize;
    this.capacity = sequences * positions;
    const where = tf.device === 'gpu' ? 'the GPU' : `${threads} CPU threads`;
    this.description = `TensorFlow ${tf.c.TF_Version()} on ${where}, weights ${weights}`;
  }

  async load(fill: (write: WriteWeight) => Promise<void>): Promise<void> {
    const { writers } = this.#graph.variables;
    const write = (name: string, tensor: HostTensor) =>
      this.#session.run({ feeds: { [WEIGHT_FEED]: tensor }, targets: [writers.get(name)!] });
    await fill(async (name, shape, values) => {
      await write(name.replace(/\.weight$/, ''), { shape, values });
    });
    const half = headSize(this.#config) / 2;
    const { positions, sequences } = this.#size;
    const shape = [positions + 1, half, 2];
    const values = rotations(this.#config, positions + 1);
    await write(ROTATIONS, { shape, values });
    const { kvHeads } = this.#config;
    const empty = ints([sequences, kvHeads, this.#length, headSize(this.#config)]);
    for (const { empty: node } of this.#graph.cache.tensors) {
      await this.#session.run({ feeds: { [SHAPE_FEED]: empty }, targets: [node] });
    }
  }

  open(capacity: number): CachedSequence | undefined {
    return this.#slots.open(capacity);
  }

  fork(source: CachedSequence, length: number, capacity: number): CachedSequence | undefined {
    return this.#slots.fork(source as SlotSequence, length, capacity);
  }

  close(sequence: CachedSequence): void {
    this.#slots.close(sequence as SlotSequence);
  }

  async step(rows: readonly EngineRow[]): Promise<Float32Array[]> {
    await this.#copySlots();
    const parts = this.#partsOf(rows);
    for (const { rows } of parts) {
      for (const { position } of rows) await this.#reserve(position + 1);
    }
    const results: Float32Array[] = [];
    for (const part of parts) {
      const logits = await this.#run(part);
      part.wanted.forEach(({ place }, i) => {
        results[place] = logits.subarray(i * this.vocabSize, (i + 1) * this.vocabSize);
      });
    }
    return results;
  }

  async dispose(): Promise<void> {
    this.#session.close();
  }

  async #copySlots(): Promise<void> {
    const targets = this.#graph.cache.tensors.map(({ copy }) => copy);
    for (const { from, to } of this.#slots.settle()) {
      const feeds = { [COPY_FEEDS.from]: ints([from]), [COPY_FEEDS.to]: ints([to]) };
      await this.#session.run({ feeds, targets });
    }
  }

  /** Makes room for that many positions, a layer at a time: both lengths of one are in memory at once. */
  async #reserve(positions: number): Promise<void> {
    if (positions <= this.#length) return;
    const step = Math.max(LEAST_GROWTH, Math.ceil(this.#length / 8));
    const length = Math.ceil(positions / step) * step;
    const paddings = ints([0, 0, 0, 0, 0, length - this.#length, 0, 0], [4, 2]);
    for (const { grow } of this.#graph.cache.tensors) {
      await this.#session.run({ feeds: { [PADDINGS_FEED]: paddings }, targets: [grow] });
    }
    this.#length = length;
  }

  /** One part for all sequences that read one token, and one for each that reads more. */
  #partsOf(rows: readonly EngineRow[]): Part[] {
    const runs = new Map<SlotSequence, { id: number; place?: number }[]>();
    let places = 0;
    for (const { sequence, id, wantsLogits } of rows) {
      const run = runs.get(sequence as SlotSequence) ?? [];
      run.push({ id, place: wantsLogits ? places++ : undefined });
      runs.set(sequence as SlotSequence, run);
    }
    const parts: Part[] = [];
    const single = [...runs].filter(([, run]) => run.length === 1);
    if (single.length > 0) parts.push(this.#decodePart(new Map(single)));
    for (const [sequence, run] of runs) {
      if (run.length > 1) parts.push(promptPart(sequence, run));
    }
    for (const [sequence, run] of runs) sequence.length += run.length;
    return parts;
  }

  /** Open sequences without a token take part: what is written behind their end is overwritten later. */
  #decodePart(runs: ReadonlyMap<SlotSequence, { id: number; place?: number }[]>): Part {
    const last = Math.max(...[...runs.keys()].map(({ slot }) => slot));
    const sequences = this.#slots.sequences.slice(0, last + 1);
    const part: Part = {
      entrance: 'decode',
      rows: sequences.map((sequence) => ({
        sequence,
        id: runs.get(sequence)?.[0].id ?? 0,
        position: sequence.length,
      })),
      begin: 0,
      count: sequences.length,
      wanted: [],
    };
    sequences.forEach((sequence, row) => {
      const place = runs.get(sequence)?.[0].place;
      if (place !== undefined) part.wanted.push({ row, place });
    });
    return part;
  }

  async #run({ entrance, rows, begin, count, wanted }: Part): Promise<Float32Array> {
    const { kvHeads } = this.#config;
    const places = rows.flatMap(({ sequence: { slot }, position }) =>
      Array.from(
        { length: kvHeads },
        (_, head) => (slot * kvHeads + head) * this.#length + position,
      ),
    );
    const fed = {
      ids: ints(rows.map(({ id }) => id)),
      positions: ints(rows.map(({ position }) => position)),
      places: ints(places),
      begin: ints([begin, 0, 0, 0]),
      size: ints([count, -1, -1, -1]),
      wanted: ints(wanted.map(({ row }) => row)),
    };
    const feeds = Object.fromEntries(
      Object.entries(fed).map(([name, tensor]) => [`${entrance}/${name}`, tensor]),
    );
    const [logits] = await this.#session.run({ feeds, fetches: [`${entrance}/${LOGITS}`] });
    return logits;
  }
}

function promptPart(sequence: SlotSequence, run: { id: number; place?: number }[]): Part {
  return {
    entrance: 'prompt',
    rows: run.map(({ id }, i) => ({ sequence, id, position: sequence.length + i })),
    begin: sequence.slot,
    count: 1,
    wanted: run.flatMap(({ place }, row) => (place === undefined ? [] : [{ row, place }])),
  };
}

function ints(values: readonly number[], shape: readonly number[] = [values.length]): HostTensor {
  return { shape, values: Int32Array.from(values) };
}
