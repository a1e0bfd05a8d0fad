/**
 * The sequences of one split in the global order, with indices that continue through the epochs.
 * Loaders put them into batches.
 *
 * A trainer's seqLen may be smaller than the dataset's: a row of S tokens is cut into ceil(S /
 * seqLen) sequences, so nothing is skipped. If seqLen does not divide S, the last sequence is
 * filled up with pad ids, whose labels the trainer masks; choose a divisor to avoid this waste.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest, Split } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import type { ShardPool } from '../dataset/pool.ts';
import { SequenceOrder, type SequencePlace } from './order.ts';
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
  /** Reads ahead, if the dataset is a far one. */
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
    if (pool.units) this.#windows = this.#windowsOf(pool, options);
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
    const { windows } = this.#order;
    this.#windows?.moveTo(epoch * windows + this.#order.windowOf(epoch, position));
    return place;
  }

  #windowsOf(pool: ShardPool, { rank, worldSize }: SequenceOptions): WindowAhead {
    const order = this.#order;
    const source: WindowSource = {
      blocksOf: (window) =>
        order.blocksOf(Math.floor(window / order.windows), window % order.windows),
      warm: (entry, row) => pool.warm(entry, row),
    };
    return new WindowAhead(source, rank / worldSize);
  }

  /** Reads a sequence into row `index` of a new batch. */
  async fill(
    batch: BatchTokens,
    index: number,
    { shard, row, piece }: SequencePlace,
  ): Promise<void> {
    await this.#pool.checkTokenizer();
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

/** @param filled number of sequences that will be read into it; the others stay pad ids */
export function newBatch(
  microBatch: number,
  seqLen: number,
  padId: number,
  segments: boolean,
  filled: number,
): BatchTokens {
  const length = microBatch * seqLen;
  // Memory that is not cleared: rows are read into all of it but the rest.
  const { buffer } = Buffer.allocUnsafeSlow(length * Int32Array.BYTES_PER_ELEMENT);
  return {
    ids: new Int32Array(buffer).fill(padId, filled * seqLen),
    microBatch,
    seqLen,
    ...(segments ? { segments: new Int32Array(length).fill(-1) } : {}),
  };
}
