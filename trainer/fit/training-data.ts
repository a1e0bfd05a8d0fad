/** The data of a run: one dataset, or several mixed by weight, with one interface. */

import { existsSync } from 'node:fs';
import { CodecLmError } from '../../base/error.ts';
import type { Split } from '../../schemas/dataset.ts';
import type { RunState } from '../../schemas/run.ts';
import {
  type Batch,
  type BatchTokens,
  type CommonOptions,
  type Dataset,
  type DatasetOptions,
  type Mixture,
  type MixtureBatch,
  type MixtureSource,
  openDataset,
  openMixture,
} from '../../shards/index.ts';
import { differenceOfSymbols } from '../../tokenizer/index.ts';

/** Position in the order of the data. */
export type DataState = RunState['loader'];
type MixedState = Extract<DataState, { taken: unknown }>;
type OneState = Extract<DataState, { position: unknown }>;

/** Options for reading a split: which one, in which order, and for which rank. */
export type DataOptions = Required<
  Pick<
    CommonOptions,
    'rank' | 'worldSize' | 'microBatch' | 'seqLen' | 'seed' | 'shuffle' | 'split' | 'segments'
  >
>;

export interface TrainingBatch extends BatchTokens {
  /** Epoch of the dataset that has been read most often. */
  epoch: number;
  /** State with which the next batch begins. */
  state: DataState;
  /** Gives the memory of the ids back, for a batch to come: call it when nobody uses them any more. */
  release(): void;
}

export interface TrainingData {
  /** The first dataset gives the model its tokenizer and codec; the others have the same. */
  readonly datasets: readonly [Dataset, ...Dataset[]];
  /** Number of tokens that every row has at least. */
  readonly seqLen: number;
  /** Name for messages. */
  readonly name: string;
  /** State before the first batch. */
  start(seed: number, split: Split): DataState;
  /**
   * Endless batches.
   * @throws CodecLmError `CONFIG_INVALID` when the state is not one of these datasets
   */
  batches(options: DataOptions, state: DataState): AsyncGenerator<TrainingBatch, void>;
  close(): Promise<void>;
}

/**
 * Parses `DIR` or `DIR=WEIGHT`, the form of `--data`. An existing folder whose name ends like a
 * weight is taken as a folder.
 */
export function parseSource(text: string): MixtureSource {
  const match = /^(.+)=([\d.]+(?:e-?\d+)?)$/i.exec(text);
  if (!match || existsSync(text)) return { dir: text, weight: 1 };
  const weight = Number(match[2]);
  if (weight > 0 && Number.isFinite(weight)) return { dir: match[1], weight };
  throw new CodecLmError('USAGE', `\`data\` ${text}: the weight must be a number above 0`);
}

/**
 * @param seqLen `train.seqLen`; needed only when the datasets have different row lengths
 * @param options where row groups of far datasets are kept
 * @throws CodecLmError `DATASET_MISMATCH` for datasets that cannot be mixed; the errors of
 * openDataset
 */
export async function openTrainingData(
  sources: MixtureSource[],
  seqLen?: number,
  options?: DatasetOptions,
): Promise<TrainingData> {
  if (sources.length === 1) return ofOne(await openDataset(sources[0].dir, options));
  const mixture = await openMixture(sources, options);
  checkAlike(mixture.datasets, seqLen);
  return ofMany(mixture);
}

function ofOne(dataset: Dataset): TrainingData {
  return {
    datasets: [dataset],
    seqLen: dataset.manifest.seqLen,
    name: dataset.dir,
    start: (seed, split) => ({ epoch: 0, position: 0, seed, rows: dataset.sequences(split) }),
    batches(options, state) {
      if (!('position' in state)) throw otherData(state.taken.length, 1);
      const loader = dataset.loader({ ...options, state });
      // Called here and not inside the generator, so that the first batches are read from now
      // on.
      return batchesOfOne(loader[Symbol.asyncIterator](), state, loader);
    },
    close: () => dataset.close(),
  };
}

interface Recycler {
  recycle(batch: { ids: Int32Array }): void;
}

async function* batchesOfOne(
  batches: AsyncIterable<Batch>,
  { seed, rows }: OneState,
  loader: Recycler,
): AsyncGenerator<TrainingBatch, void> {
  for await (const { epoch, position, ...tokens } of batches) {
    const state = { epoch, position, seed, ...(rows === undefined ? {} : { rows }) };
    yield { ...tokens, epoch, state, release: () => loader.recycle(tokens) };
  }
}

function ofMany(mixture: Mixture): TrainingData {
  const { datasets } = mixture;
  const rows = (split: Split) => datasets.map((dataset) => dataset.sequences(split));
  return {
    datasets: datasets as [Dataset, ...Dataset[]],
    seqLen: Math.min(...datasets.map(({ manifest }) => manifest.seqLen)),
    name: datasets.map(({ dir }) => dir).join(' and '),
    start: (seed, split) => ({ taken: datasets.map(() => 0), rows: rows(split), seed }),
    batches(options, state) {
      if (!('taken' in state)) throw otherData(1, datasets.length);
      const now = rows(options.split);
      if (state.rows.join() !== now.join()) throw otherRows(state.rows, now);
      const lengths = datasets.map(
        ({ manifest }, i) => now[i] * Math.ceil(manifest.seqLen / options.seqLen),
      );
      const loader = mixture.loader({ ...options, state });
      return batchesOfMany(loader[Symbol.asyncIterator](), state, lengths, loader);
    },
    close: () => mixture.close(),
  };
}

/** @param lengths number of sequences per epoch of each dataset */
async function* batchesOfMany(
  batches: AsyncIterable<MixtureBatch>,
  { rows, seed }: MixedState,
  lengths: number[],
  loader: Recycler,
): AsyncGenerator<TrainingBatch, void> {
  for await (const { taken, ...tokens } of batches) {
    const epoch = Math.max(...taken.map((count, i) => Math.floor(count / lengths[i])));
    const release = () => loader.recycle(tokens);
    yield { ...tokens, epoch, state: { taken, rows, seed }, release };
  }
}

function checkAlike([first, ...others]: Dataset[], seqLen: number | undefined): void {
  for (const { dir, manifest } of others) {
    const { codec } = manifest;
    if (codec.name !== first.manifest.codec.name) {
      throw mismatch(
        dir,
        `holds ${codec.name} files, but ${first.dir} holds ${first.manifest.codec.name} files`,
        'a model has one codec: train on datasets with the same codec',
      );
    }
    const setting = differenceOfSymbols(codec, first.manifest.codec);
    if (setting !== undefined) {
      throw mismatch(
        dir,
        `was made with another ${setting} than ${first.dir}: their symbols do not stand for the same`,
        'make both with the same model, or the same colours',
      );
    }
    if (seqLen !== undefined || manifest.seqLen === first.manifest.seqLen) continue;
    const shorter = Math.min(manifest.seqLen, first.manifest.seqLen);
    throw mismatch(
      dir,
      `has rows of ${manifest.seqLen} tokens, but ${first.dir} has rows of ${first.manifest.seqLen}`,
      `cut all rows to one length, e.g. \`train.seqLen=${shorter}\``,
    );
  }
}

function mismatch(path: string, what: string, hint: string): CodecLmError {
  return new CodecLmError('DATASET_MISMATCH', `${path} ${what}`, { path, hint });
}

function otherData(before: number, now: number): CodecLmError {
  return notTheRun(`${now} dataset(s) were given, but the run that is resumed had ${before}`);
}

function otherRows(before: number[], now: number[]): CodecLmError {
  return notTheRun(
    `the datasets have ${now} rows, but those of the run that is resumed had ${before}`,
  );
}

function notTheRun(message: string): CodecLmError {
  return new CodecLmError('CONFIG_INVALID', message, {
    hint: 'resume with the datasets of the run, in their order; weights may change',
  });
}
