/**
 * Makes batches of token ids for the trainer, in one global order that does not depend on the
 * number of ranks. With W ranks step s takes the next W * microBatch sequences of the order, rank r
 * the r-th run of microBatch of them.
 *
 * If an epoch does not end with a step, the step continues with the next epoch. After the last of
 * `epochs`, the step is filled up with sequences of pad ids, so every rank makes the same number of
 * steps.
 */

import { CodecLmError } from '../../base/error.ts';
import type { Manifest, Split } from '../../schemas/dataset.ts';
import { specialIds } from '../../schemas/dataset.ts';
import type { ShardPool } from '../dataset/pool.ts';
import { ReadAhead, type WaitStats } from './ahead.ts';
import { type CommonOptions, checkInteger, resolveCommon } from './options.ts';
import { type BatchTokens, newBatch, Sequences } from './sequences.ts';
import { SpareIds } from './spare-ids.ts';

export interface LoaderState {
  epoch: number;
  /** Number of sequences of this epoch that all ranks together have taken. */
  position: number;
  seed: number;
  /**
   * Rows of the split when the order began, `dataset.sequences(split)`. With it a dataset that was
   * extended since then gives the order of before, without the new rows; without it the order is that
   * of all rows.
   */
  rows?: number;
}

export interface LoaderOptions extends CommonOptions {
  /** Number of epochs; endless if absent. */
  epochs?: number;
  /** Continues at the batch after the one that gave this state. The seed must be the same. */
  state?: LoaderState;
}

export interface Batch extends BatchTokens {
  /**
   * Position after this batch; together with {@link LoaderOptions.seed} it is the state to save.
   */
  epoch: number;
  position: number;
}

type Settings = Required<CommonOptions> & { epochs: number };

export class Loader implements AsyncIterable<Batch> {
  /** Sequences per epoch. */
  readonly sequences: number;
  readonly #settings: Settings;
  readonly #start: { epoch: number; position: number };
  readonly #source: Sequences;
  readonly #padId: number;
  readonly #ahead = new ReadAhead();
  readonly #spare: SpareIds;

  /** @throws CodecLmError `CONFIG_INVALID` that names the option; `INPUT_EMPTY` for a split without rows */
  constructor(manifest: Manifest, pool: ShardPool, options: LoaderOptions) {
    const { epochs } = options;
    if (epochs !== undefined) checkInteger('epochs', epochs, 0, 2 ** 31);
    const common = resolveCommon(options, manifest.seqLen);
    this.#settings = { ...common, epochs: epochs ?? Number.POSITIVE_INFINITY };
    const rows = options.state?.rows;
    const known = rows === undefined ? manifest : manifestUpTo(manifest, common.split, rows);
    this.#spare = new SpareIds(common.microBatch * common.seqLen, common.prefetch + 1);
    this.#source = new Sequences(known, pool, this.#settings);
    this.sequences = this.#source.length;
    this.#start = startOf(this.sequences, options.state, this.#settings.seed);
    this.#padId = specialIds(manifest.vocabSize).padId;
  }

  /** Iterates from the start, or from the given state. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    const { epochs, prefetch, microBatch, worldSize } = this.#settings;
    let { epoch, position } = this.#start;
    return this.#ahead.run(prefetch, () => {
      if (epoch >= epochs) return undefined;
      const first = epoch * this.sequences + position;
      position += microBatch * worldSize;
      epoch += Math.floor(position / this.sequences);
      position %= this.sequences;
      if (epoch >= epochs) [epoch, position] = [epochs, 0];
      return this.#read(first, { epoch, position });
    });
  }

  /**
   * Gives the memory of a batch back, for a batch to come. Nobody may use the batch afterwards, nor
   * what shares its memory.
   */
  recycle({ ids }: Pick<Batch, 'ids'>): void {
    this.#spare.give(ids);
  }

  /** How long the consumers of this loader have waited for it. */
  stats(): WaitStats {
    return this.#ahead.stats();
  }

  /** @param first index of the step's first sequence, counted from the start of epoch 0 */
  async #read(first: number, after: { epoch: number; position: number }): Promise<Batch> {
    const { microBatch, seqLen, rank, epochs, segments } = this.#settings;
    const mine = Array.from({ length: microBatch }, (_, i) => first + rank * microBatch + i);
    const places = mine
      .filter((n) => n < epochs * this.sequences)
      .map((n) => this.#source.placeOf(n));
    const batch = newBatch(
      microBatch,
      seqLen,
      this.#padId,
      segments,
      places.length,
      this.#spare.take(),
    );
    await this.#source.fill(batch, places);
    return { ...batch, ...after };
  }
}

/**
 * The manifest without the shards that came after the first rows of a split: extensions and retries
 * append shards.
 * @throws CodecLmError `CONFIG_INVALID` when no shard ends there: it is another dataset
 */
function manifestUpTo(manifest: Manifest, split: Split, rows: number): Manifest {
  let left = rows;
  const shards = manifest.shards.filter((shard) => {
    if (shard.split !== split) return true;
    left -= shard.rows;
    return left >= 0;
  });
  const own = shards.filter((shard) => shard.split === split);
  const kept = own.reduce((sum, shard) => sum + shard.rows, 0);
  if (kept === rows) return { ...manifest, shards };
  const all = manifest.shards.reduce((sum, s) => sum + (s.split === split ? s.rows : 0), 0);
  throw new CodecLmError(
    'CONFIG_INVALID',
    `the dataset has ${all} rows of ${split}, and no shard ends at row ${rows}, with which the run that is resumed began`,
    { hint: 'it was made anew: resume with the dataset of the run, or begin a new run' },
  );
}

function startOf(
  sequences: number,
  state: LoaderState | undefined,
  seed: number,
): { epoch: number; position: number } {
  if (!state) return { epoch: 0, position: 0 };
  checkInteger('state.epoch', state.epoch, 0, 2 ** 31);
  checkInteger('state.position', state.position, 0, sequences - 1);
  checkSeed(state.seed, seed);
  return { epoch: state.epoch, position: state.position };
}

/** @throws CodecLmError `CONFIG_INVALID` when a resumed run would get another order */
export function checkSeed(found: number, seed: number): void {
  if (found === seed) return;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `data.seed is ${seed}; the run that is resumed had ${found}, which gives another order of the data`,
    { hint: 'resume with the seed of the run' },
  );
}
