/**
 * The sequences of one split in the global order, with indices that continue through the epochs.
 * Loaders put them into batches.
 *
 * A trainer's seqLen may be smaller than the dataset's: a row of S tokens is cut into ceil(S /
 * seqLen) sequences, so nothing is skipped. If seqLen does not divide S, the last sequence is
 * filled up with pad ids, whose labels the trainer masks; choose a divisor to avoid this waste.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest, ShardEntry, Split } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import type { ShardPool } from '../dataset/pool.ts';
import { SequenceOrder, type SequencePlace, WINDOW_GROUPS } from './order.ts';
import { RowCache } from './row-cache.ts';
import { WindowAhead, type WindowSource } from './window-ahead.ts';

export interface SequenceOptions {
  /** Tokens per sequence, at most the dataset's. */
  seqLen: number;
  seed: number;
  shuffle: boolean;
  split: Split;
  /** Whether batches include segments. */
  segments: boolean;
  rank: number;
  /** Number of ranks that share the order. */
  worldSize: number;
}

/** The tokens of a batch. */
export interface BatchTokens {
  /** Token ids, [microBatch * seqLen], row-major. */
  ids: Int32Array;
  microBatch: number;
  seqLen: number;
  /** Index of the document within its sequence, shaped like `ids`; -1 at padding. */
  segments?: Int32Array;
}

export class Sequences {
  /** Sequences per epoch. */
  readonly length: number;
  readonly #options: SequenceOptions;
  readonly #order: SequenceOrder;
  readonly #rows: RowCache;
  readonly #pool: ShardPool;
  readonly #padId: number;
  /** Reads ahead; absent where there is too little to read, or no room for it. */
  readonly #windows?: WindowAhead;
  /** Number of sequences that a row is cut into. */
  readonly #pieces: number;

  /** @throws CodecLmError `INPUT_EMPTY` for a split without rows */
  constructor(manifest: Manifest, pool: ShardPool, options: SequenceOptions) {
    const { seqLen, seed, shuffle, split, segments, worldSize } = options;
    this.#options = options;
    this.#pool = pool;
    const shards = manifest.shards.filter((shard) => shard.split === split);
    this.#pieces = Math.ceil(manifest.seqLen / seqLen);
    this.#order = new SequenceOrder(shards, { pieces: this.#pieces, seed, shuffle });
    this.length = this.#order.length;
    this.#padId = specialIds(manifest.vocabSize).padId;
    this.#rows = new RowCache(pool, manifest.seqLen, worldSize, segments);
    this.#windows = this.#windowsOf(pool, shards[0], options);
    if (this.length > 0) return;
    throw new CodecLmError('INPUT_EMPTY', `the dataset has no sequences for split ${split}`, {
      hint: 'a val split is made by the pipeline, with its option `valFraction`',
    });
  }

  /**
   * Place of the n-th sequence from the start of epoch 0. Only one window of the order is kept, so
   * call it for ascending n, before any read.
   */
  placeOf(n: number): SequencePlace {
    const epoch = Math.floor(n / this.length);
    const position = n % this.length;
    const place = this.#order.at(epoch, position);
    this.#windows?.moveTo(epoch * this.#order.windows + place.window);
    return place;
  }

  #windowsOf(
    pool: ShardPool,
    shard: ShardEntry | undefined,
    { rank, worldSize }: SequenceOptions,
  ): WindowAhead | undefined {
    const order = this.#order;
    const rows = this.#rows;
    const source: WindowSource = {
      blocksOf: (window) =>
        order.blocksOf(Math.floor(window / order.windows), window % order.windows),
      warm: (entry, row) => rows.warm(entry, row),
    };
    const share = rank / worldSize;
    if (pool.units) return new WindowAhead(source, { share });
    if (!shard || order.windows < 2) return undefined;
    const most = rows.roomBeside(shard, WINDOW_GROUPS);
    return most > 0 ? new WindowAhead(source, { share: 0, most, isNear: true }) : undefined;
  }

  /**
   * Reads sequences into the first rows of a new batch.
   * @throws CodecLmError `SHARD_INVALID`, `DATASET_INVALID`
   */
  async fill(batch: BatchTokens, places: readonly SequencePlace[]): Promise<void> {
    await this.check();
    const waiting: Promise<void>[] = [];
    for (let index = 0; index < places.length; index++) {
      const row = this.fillRow(batch, index, places[index]);
      if (row) waiting.push(row);
    }
    if (waiting.length > 0) await Promise.all(waiting);
  }

  /** @throws CodecLmError `DATASET_INVALID` when the tokenizer is not the one of the shards */
  check(): Promise<void> {
    return this.#pool.checkTokenizer();
  }

  /**
   * Reads a sequence into row `index` of a new batch, after {@link check}.
   * @returns undefined when it is there already: what is in memory is read at once
   */
  fillRow(batch: BatchTokens, index: number, place: SequencePlace): Promise<void> | undefined {
    const { shard, row } = place;
    try {
      const at = index * this.#options.seqLen;
      if (this.#pieces === 1 && this.#rows.readNow(batch.ids, at, shard, row)) return undefined;
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#fillLater(batch, index, place);
  }

  async #fillLater(
    batch: BatchTokens,
    index: number,
    { shard, row, piece }: SequencePlace,
  ): Promise<void> {
    const { seqLen } = this.#options;
    const at = index * seqLen;
    const start = piece * seqLen;
    let docStarts: Int32Array | undefined;
    let length = seqLen;
    if (this.#pieces === 1) {
      docStarts = await this.#rows.readInto(batch.ids, at, shard, row);
    } else {
      const loaded = await this.#rows.read(shard, row);
      const ids = loaded.ids.subarray(start, start + seqLen);
      batch.ids.set(ids, at);
      batch.ids.fill(this.#padId, at + ids.length, at + seqLen);
      ({ docStarts } = loaded);
      ({ length } = ids);
    }
    if (batch.segments && docStarts) {
      const segments = batch.segments.subarray(at, at + seqLen);
      this.#markSegments(segments, batch.ids.subarray(at, at + length), start, docStarts);
    }
  }

  #markSegments(segments: Int32Array, ids: Int32Array, start: number, docStarts: Int32Array): void {
    let segment = 0;
    let next = docStarts.findIndex((docStart) => docStart > start);
    if (next < 0) next = docStarts.length;
    for (let i = 0; i < ids.length; i++) {
      if (start + i === docStarts[next]) {
        segment++;
        next++;
      }
      segments[i] = ids[i] === this.#padId ? -1 : segment;
    }
  }
}

/**
 * @param filled number of sequences that will be read into it; the others stay pad ids
 * @param memory of an earlier batch of this size, for the ids
 */
export function newBatch(
  microBatch: number,
  seqLen: number,
  padId: number,
  segments: boolean,
  filled: number,
  memory?: Int32Array,
): BatchTokens {
  const length = microBatch * seqLen;
  return {
    ids: (memory ?? uncleared(length)).fill(padId, filled * seqLen),
    microBatch,
    seqLen,
    ...(segments ? { segments: new Int32Array(length).fill(-1) } : {}),
  };
}

/** Rows are read into all of it but the rest, so clearing it first would be wasted. */
function uncleared(length: number): Int32Array {
  return new Int32Array(Buffer.allocUnsafeSlow(length * Int32Array.BYTES_PER_ELEMENT).buffer);
}
