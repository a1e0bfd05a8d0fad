/**
 * Several datasets mixed by weight into one stream of batches. Each next sequence comes from the
 * dataset that is furthest behind its share, so after any number n of sequences each dataset has
 * given its share of n to within one for two datasets and to within their number for more. Nothing
 * is random: the counts of sequences taken so far determine the next dataset, for every number of
 * ranks, and these counts are the whole saved state. A dataset that ends begins its next epoch,
 * shuffled anew.
 */

import { CodecLmError } from '../../base/error.ts';
import { specialIds } from '../../schemas/dataset.ts';
import { ReadAhead, type WaitStats } from '../loader/ahead.ts';
import { checkSeed } from '../loader/loader.ts';
import { type CommonOptions, checkInteger, resolveCommon } from '../loader/options.ts';
import { type BatchTokens, newBatch, Sequences } from '../loader/sequences.ts';
import { SpareIds } from '../loader/spare-ids.ts';
import { type Dataset, type DatasetOptions, openDataset } from './dataset.ts';

export interface MixtureSource {
  /** A dataset directory. */
  dir: string;
  /** Share of the sequences, in relation to the other weights; > 0. */
  weight: number;
}

export interface MixtureState {
  /**
   * Sequences taken from each dataset so far, by all ranks together, in the order of the sources.
   */
  taken: number[];
  seed: number;
}

export interface MixtureOptions extends CommonOptions {
  /** Continues at the batch after the one that gave this state. The seed must be the same. */
  state?: MixtureState;
}

export interface MixtureBatch extends BatchTokens {
  /** Index of the source of each sequence: [microBatch]. */
  sources: Int32Array;
  /**
   * Counts after this batch; together with {@link CommonOptions.seed} they are the state to save.
   */
  taken: number[];
}

export class Mixture {
  readonly datasets: Dataset[];
  /** Share of each dataset; their sum is 1. */
  readonly shares: number[];

  constructor(datasets: Dataset[], shares: number[]) {
    this.datasets = datasets;
    this.shares = shares;
  }

  /** Endless batches; the trainer takes as many as it needs. */
  loader(options: MixtureOptions): MixtureLoader {
    return new MixtureLoader(this, options);
  }

  async close(): Promise<void> {
    await Promise.all(this.datasets.map((dataset) => dataset.close()));
  }
}

export class MixtureLoader implements AsyncIterable<MixtureBatch> {
  readonly #settings: Required<CommonOptions>;
  readonly #shares: number[];
  readonly #sources: Sequences[];
  readonly #start: number[];
  readonly #padId: number;
  readonly #spare: SpareIds;
  readonly #ahead = new ReadAhead();

  /** @throws CodecLmError `CONFIG_INVALID` that names the option; `INPUT_EMPTY` for a split without rows */
  constructor({ datasets, shares }: Mixture, options: MixtureOptions) {
    const longest = Math.min(...datasets.map(({ manifest }) => manifest.seqLen));
    this.#settings = resolveCommon(options, longest);
    const { microBatch, seqLen, prefetch } = this.#settings;
    this.#spare = new SpareIds(microBatch * seqLen, prefetch + 1);
    this.#shares = shares;
    this.#sources = datasets.map(
      ({ manifest, pool }) => new Sequences(manifest, pool, this.#settings),
    );
    this.#start = startOf(shares.length, options.state, this.#settings.seed);
    this.#padId = specialIds(datasets[0].manifest.vocabSize).padId;
  }

  [Symbol.asyncIterator](): AsyncGenerator<MixtureBatch, void> {
    const { prefetch, rank, microBatch, worldSize } = this.#settings;
    const taken = [...this.#start];
    return this.#ahead.run(prefetch, () => {
      const mine: { source: number; n: number }[] = [];
      for (let i = 0; i < worldSize * microBatch; i++) {
        const source = furthestBehind(this.#shares, taken);
        const n = taken[source]++;
        if (Math.floor(i / microBatch) === rank) mine.push({ source, n });
      }
      return this.#read(mine, [...taken]);
    });
  }

  /**
   * Gives the memory of a batch back, for a batch to come. Nobody may use the batch afterwards, nor
   * what shares its memory.
   */
  recycle({ ids }: Pick<MixtureBatch, 'ids'>): void {
    this.#spare.give(ids);
  }

  /** How long the consumers of this loader have waited for it. */
  stats(): WaitStats {
    return this.#ahead.stats();
  }

  async #read(mine: { source: number; n: number }[], taken: number[]): Promise<MixtureBatch> {
    const { microBatch, seqLen, segments } = this.#settings;
    const batch = {
      ...newBatch(microBatch, seqLen, this.#padId, segments, mine.length, this.#spare.take()),
      sources: Int32Array.from(mine, ({ source }) => source),
      taken,
    };
    const places = mine.map(({ source, n }) => this.#sources[source].placeOf(n));
    await Promise.all(this.#sources.map((source) => source.check()));
    await Promise.all(
      places.map((place, i) => this.#sources[mine[i].source].fillRow(batch, i, place)),
    );
    return batch;
  }
}

/**
 * Index of the dataset that is furthest behind its share, from which the next sequence comes; the
 * first one among equals.
 */
export function furthestBehind(shares: number[], taken: number[]): number {
  const next = taken.reduce((sum, count) => sum + count, 1);
  let best = 0;
  for (let i = 1; i < shares.length; i++) {
    if (shares[i] * next - taken[i] > shares[best] * next - taken[best]) best = i;
  }
  return best;
}

function startOf(sources: number, state: MixtureState | undefined, seed: number): number[] {
  if (!state) return new Array<number>(sources).fill(0);
  checkSeed(state.seed, seed);
  if (state.taken.length !== sources) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `${sources} datasets are mixed; the run that is resumed had ${state.taken.length}`,
      { hint: 'resume with the datasets of the run, in their order' },
    );
  }
  for (const count of state.taken) checkInteger('state.taken', count, 0, Number.MAX_SAFE_INTEGER);
  return state.taken;
}

/**
 * @param sources at least one; all with the same tokenizer
 * @throws CodecLmError `CONFIG_INVALID` for an invalid weight; `DATASET_MISMATCH` for datasets with
 *   different tokenizers; the errors of openDataset
 */
export async function openMixture(
  sources: MixtureSource[],
  options?: DatasetOptions,
): Promise<Mixture> {
  if (sources.length === 0) throw new CodecLmError('CONFIG_INVALID', 'no dataset to mix');
  for (const { dir, weight } of sources) {
    if (weight > 0 && Number.isFinite(weight)) continue;
    throw new CodecLmError('CONFIG_INVALID', `weight ${weight} of ${dir} is not above 0`);
  }
  const datasets = await Promise.all(sources.map(({ dir }) => openDataset(dir, options)));
  const [first, ...others] = datasets;
  for (const { dir, manifest } of others) {
    if (manifest.tokenizerHash === first.manifest.tokenizerHash) continue;
    throw new CodecLmError(
      'DATASET_MISMATCH',
      `${dir} does not have the tokenizer of ${first.dir}`,
      {
        path: dir,
        hint: 'make both with the same tokenizer.json: at present their ids stand for different bytes',
      },
    );
  }
  const sum = sources.reduce((total, { weight }) => total + weight, 0);
  return new Mixture(
    datasets,
    sources.map(({ weight }) => weight / sum),
  );
}
