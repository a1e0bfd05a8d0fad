/**
 * Batches of token ids for the trainer, in one global order whatever the number of
 * ranks. With W ranks step s takes the next W * microBatch sequences of the order,
 * rank r the r-th run of microBatch of them.
 *
 * A trainer's seqLen may be smaller than the dataset's: a row of S tokens is cut in
 * ceil(S / seqLen) pieces, each a sequence of its own, so nothing is skipped. Where
 * seqLen does not divide S the last piece is filled up with pad ids, whose labels
 * the trainer masks; choose a divisor to waste nothing.
 *
 * An epoch that does not end with a step runs on into the next epoch. After the
 * last of `epochs` the step is filled up with sequences of pad ids only, so every
 * rank makes the same number of steps.
 */
import type { Manifest, Split } from '../schemas/dataset.ts';
import { specialIds } from '../schemas/dataset.ts';
import { CodecLmError } from '../schemas/error.ts';
import { type Place, SequenceOrder } from './order.ts';
import type { ShardPool } from './pool.ts';
import { type LoadedRow, RowCache } from './rowcache.ts';

export interface LoaderState {
  epoch: number;
  /** Sequences of this epoch that were taken, by all ranks together. */
  position: number;
  seed: number;
}

export interface LoaderOptions {
  rank?: number;
  worldSize?: number;
  /** Sequences a batch, of one rank. */
  microBatch: number;
  /** Tokens a sequence; the dataset's when not given. */
  seqLen?: number;
  seed?: number;
  shuffle?: boolean;
  split?: Split;
  /** Ends after so many; runs on for ever when not given. */
  epochs?: number;
  /** Goes on at the batch after the one that gave this state. Its seed must be `seed`. */
  state?: LoaderState;
  /** Adds `segments` to each batch, for attention that stays within a document. */
  segments?: boolean;
  /** Batches that are read ahead. */
  prefetch?: number;
}

export interface Batch {
  /** Token ids, [microBatch * seqLen], row-major. */
  ids: Int32Array;
  microBatch: number;
  seqLen: number;
  /** With {@link LoaderOptions.seed}, the state to save after this batch: where the next one begins. */
  epoch: number;
  position: number;
  /** Number of the document within its sequence, like `ids`; -1 at padding. */
  segments?: Int32Array;
}

type Settings = Required<Omit<LoaderOptions, 'state' | 'epochs'>> & { epochs: number };

export class Loader implements AsyncIterable<Batch> {
  /** Sequences an epoch. */
  readonly sequences: number;
  private readonly settings: Settings;
  private readonly start: { epoch: number; position: number };
  private readonly order: SequenceOrder;
  private readonly rows: RowCache;
  private readonly pieces: number;
  private readonly padId: number;

  /** @throws CodecLmError `CONFIG_INVALID` that names the option; `INPUT_EMPTY` for a split without rows */
  constructor(manifest: Manifest, pool: ShardPool, options: LoaderOptions) {
    const settings = settle(manifest, options);
    this.settings = settings;
    const shards = manifest.shards.filter((shard) => shard.split === settings.split);
    this.pieces = Math.ceil(manifest.seqLen / settings.seqLen);
    this.order = new SequenceOrder(shards, this.pieces, settings.seed, settings.shuffle);
    this.sequences = this.order.length;
    this.start = startOf(this.sequences, options, settings);
    this.padId = specialIds(manifest.vocabSize).padId;
    this.rows = new RowCache(pool, manifest.seqLen, this.pieces > 1, settings.segments);
  }

  /** From the start, or from the state that was given. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    const { epochs, prefetch, microBatch, worldSize } = this.settings;
    let { epoch, position } = this.start;
    const ahead: Promise<Batch>[] = [];
    for (;;) {
      while (ahead.length <= prefetch && epoch < epochs) {
        const from = { epoch, position };
        position += microBatch * worldSize;
        epoch += Math.floor(position / this.sequences);
        position %= this.sequences;
        if (epoch >= epochs) [epoch, position] = [epochs, 0];
        const batch = this.read(from.epoch, from.position, { epoch, position });
        // Its error is thrown when its turn comes, not as an unhandled rejection before.
        batch.catch(() => undefined);
        ahead.push(batch);
      }
      const next = ahead.shift();
      if (!next) return;
      yield await next;
    }
  }

  private async read(
    epoch: number,
    position: number,
    after: { epoch: number; position: number },
  ): Promise<Batch> {
    const { microBatch, seqLen, rank, epochs, segments } = this.settings;
    const batch: Batch = {
      ids: new Int32Array(microBatch * seqLen).fill(this.padId),
      microBatch,
      seqLen,
      ...after,
      ...(segments ? { segments: new Int32Array(microBatch * seqLen).fill(-1) } : {}),
    };
    // Places first and all at once: the order keeps one window, which reads that wait would swap about.
    const places: (Place | undefined)[] = [];
    for (let i = 0; i < microBatch; i++) {
      const at = position + rank * microBatch + i;
      const itsEpoch = epoch + Math.floor(at / this.sequences);
      places.push(itsEpoch < epochs ? this.order.at(itsEpoch, at % this.sequences) : undefined);
    }
    await Promise.all(
      places.map(async (place, i) => {
        if (place) this.fill(batch, i, place, await this.rows.read(place.shard, place.row));
      }),
    );
    return batch;
  }

  private fill(batch: Batch, index: number, { piece }: Place, row: LoadedRow): void {
    const { seqLen } = this.settings;
    const start = piece * seqLen;
    const ids = row.ids.subarray(start, start + seqLen);
    batch.ids.set(ids, index * seqLen);
    if (!batch.segments || !row.docStarts) return;
    let segment = 0;
    let next = row.docStarts.findIndex((docStart) => docStart > start);
    if (next < 0) next = row.docStarts.length;
    for (let i = 0; i < ids.length; i++) {
      if (start + i === row.docStarts[next]) {
        segment++;
        next++;
      }
      batch.segments[index * seqLen + i] = ids[i] === this.padId ? -1 : segment;
    }
  }
}

function settle(manifest: Manifest, options: LoaderOptions): Settings {
  const settings: Settings = {
    rank: options.rank ?? 0,
    worldSize: options.worldSize ?? 1,
    microBatch: options.microBatch,
    seqLen: options.seqLen ?? manifest.seqLen,
    seed: options.seed ?? 0,
    shuffle: options.shuffle ?? true,
    split: options.split ?? 'train',
    epochs: options.epochs ?? Number.POSITIVE_INFINITY,
    segments: options.segments ?? false,
    prefetch: options.prefetch ?? 2,
  };
  checkInteger('worldSize', settings.worldSize, 1, 2 ** 31);
  checkInteger('rank', settings.rank, 0, settings.worldSize - 1);
  checkInteger('microBatch', settings.microBatch, 1, 2 ** 20);
  checkInteger('seqLen', settings.seqLen, 2, manifest.seqLen);
  checkInteger('seed', settings.seed, 0, 2 ** 32 - 1);
  checkInteger('prefetch', settings.prefetch, 0, 1024);
  if (options.epochs !== undefined) checkInteger('epochs', options.epochs, 0, 2 ** 31);
  return settings;
}

function startOf(
  sequences: number,
  { state }: LoaderOptions,
  { seed, split }: Settings,
): { epoch: number; position: number } {
  if (sequences === 0) {
    throw new CodecLmError('INPUT_EMPTY', `the dataset has no sequences for split ${split}`, {
      hint: 'a val split is made by pipeline run --val-fraction',
    });
  }
  if (!state) return { epoch: 0, position: 0 };
  checkInteger('state.epoch', state.epoch, 0, 2 ** 31);
  checkInteger('state.position', state.position, 0, sequences - 1);
  if (state.seed !== seed) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `data.seed is ${seed}, the run that is resumed had ${state.seed}: another order of the data`,
      { hint: 'resume with the seed of the run' },
    );
  }
  return { epoch: state.epoch, position: state.position };
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const message = `loader option ${name}: ${value} is not an integer from ${min} to ${max}`;
  throw new CodecLmError('CONFIG_INVALID', message);
}
