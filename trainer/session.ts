/** All that a run holds while it trains, made ready: fresh, or where its last good checkpoint left it. */

import { specialIds } from '../schemas/dataset.ts';
import { CodecLmError, messageOf } from '../schemas/error.ts';
import type { CheckpointCodec } from '../schemas/run.ts';
import type { TrainerConfig } from '../schemas/trainer.ts';
import { type Dataset, openDataset } from '../shards/dataset.ts';
import type { Batch, LoaderState } from '../shards/loader.ts';
import { readTokenizer } from '../tokenizer/bpe/huggingface.ts';
import type { Backend } from './backend/choose.ts';
import { TokenCounts } from './batches.ts';
import { type LoadedCheckpoint, loadCheckpoint } from './checkpoint/resume.ts';
import type { LlamaConfig } from './model/config.ts';
import { createLlama, type Llama } from './model/llama.ts';
import { AdamW } from './optim/adamw.ts';
import {
  createRun,
  holdsRun,
  listCheckpoints,
  readRunConfig,
  truncateMetrics,
} from './run-directory.ts';

export interface SessionOptions {
  config: TrainerConfig;
  /** Dataset directory. */
  data: string;
  /** Run directory, made here. */
  out: string;
  /** Go on with the run in `out`, if there is one. */
  resume?: boolean;
  /** Loaded only when data and folders have been found good. */
  chooseBackend: () => Promise<Backend>;
  /** Lines for people. */
  log: (line: string) => void;
}

export interface Session {
  readonly run: string;
  readonly config: TrainerConfig & { train: { seqLen: number } };
  readonly backend: Backend;
  readonly model: Llama;
  readonly optimizer: AdamW;
  readonly dataset: Dataset;
  readonly batches: AsyncGenerator<Batch, void>;
  readonly hasVal: boolean;
  readonly padId: number;
  /** Bytes that each id stands for, [vocabSize]. */
  readonly byteLengths: Uint16Array;
  readonly codec: CheckpointCodec;
  readonly tokenCounts: TokenCounts;
  tokensSeen: number;
  /** Optimizer steps done. */
  step: number;
  /** Where the next batch begins. */
  loaderState: LoaderState;
  /** Path of the newest checkpoint, and its step. */
  checkpoint?: string;
  checkpointStep?: number;
  dispose(): Promise<void>;
}

export async function prepareSession(options: SessionOptions): Promise<Session> {
  const { out, resume = false, log } = options;
  const dataset = await openDataset(options.data);
  const config = settleSequences(options.config, dataset);
  const isResumed = await holdsRun(out, resume);
  if (isResumed) checkSameRun(await readRunConfig(out), config);
  const tokenizer = await readTokenizer(dataset.tokenizerDir);
  const byteLengths = Uint16Array.from(
    { length: tokenizer.vocabSize },
    (_, id) => tokenizer.tokenBytes(id).length,
  );
  const backend = await options.chooseBackend();
  const loaded = isResumed ? await lastGood(backend, out, dataset, log) : undefined;
  if (resume && !loaded) log(`nothing to resume in ${out}: starting from the beginning`);
  const model =
    loaded?.model ?? createLlama(backend, llamaConfig(config, dataset), config.train.seed);
  const optimizer = new AdamW(backend, model.parameters, config.optim);
  if (loaded) optimizer.load({ step: loaded.state.step, tensors: loaded.moments });
  const loader = dataset.loader({
    split: config.data.split,
    shuffle: config.data.shuffle,
    seed: config.data.seed,
    microBatch: config.train.microBatch,
    seqLen: config.train.seqLen,
    state: loaded?.state.loader,
  });
  const batches = loader[Symbol.asyncIterator]();
  // Nothing is written before all of the above has been found good.
  await createRun(out, config);
  await truncateMetrics(out, loaded?.state.step ?? 0);
  return {
    run: out,
    config,
    backend,
    model,
    optimizer,
    dataset,
    batches,
    hasVal: dataset.sequences('val') > 0,
    padId: tokenizer.padId,
    byteLengths,
    codec: { codec: dataset.manifest.codec, seqLen: config.train.seqLen },
    tokenCounts: new TokenCounts(tokenizer.vocabSize, loaded?.state.tokenCounts),
    tokensSeen: loaded?.state.tokensSeen ?? 0,
    step: loaded?.state.step ?? 0,
    loaderState: loaded?.state.loader ?? { epoch: 0, position: 0, seed: config.data.seed },
    checkpoint: loaded?.path,
    checkpointStep: loaded?.state.step,
    async dispose() {
      await batches.return();
      optimizer.dispose();
      model.dispose();
      await dataset.close();
    },
  };
}

/** What the configuration leaves to the dataset. */
function settleSequences(config: TrainerConfig, dataset: Dataset): Session['config'] {
  const longest = dataset.manifest.seqLen;
  const seqLen = config.train.seqLen ?? longest;
  if (seqLen > longest) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `train.seqLen is ${seqLen}, the rows of ${dataset.dir} have ${longest} tokens`,
      { hint: `set train.seqLen to ${longest} or less, or leave it out` },
    );
  }
  if (dataset.sequences(config.data.split) === 0) {
    throw new CodecLmError(
      'INPUT_EMPTY',
      `${dataset.dir} has no sequences in ${config.data.split}`,
    );
  }
  return { ...config, train: { ...config.train, seqLen } };
}

function llamaConfig({ model, train }: Session['config'], dataset: Dataset): LlamaConfig {
  const { vocabSize } = dataset.manifest;
  const { preset: _, ...shape } = model;
  return { ...shape, ...specialIds(vocabSize), vocabSize, maxPositions: train.seqLen };
}

/** A resumed run may take more steps or another learning rate; it stays the same model on the same data. */
function checkSameRun(before: TrainerConfig, now: TrainerConfig): void {
  const fixed = (config: TrainerConfig): Record<string, unknown> => {
    const { preset: _, ...model } = config.model;
    const { microBatch, gradAccumulation, seqLen, seed } = config.train;
    const entries = {
      model,
      data: config.data,
      train: { microBatch, gradAccumulation, seqLen, seed },
    };
    return Object.fromEntries(
      Object.entries(entries).flatMap(([group, keys]) =>
        Object.entries(keys).map(([key, value]) => [`${group}.${key}`, value]),
      ),
    );
  };
  const was = fixed(before);
  for (const [key, value] of Object.entries(fixed(now))) {
    if (was[key] === value) continue;
    throw new CodecLmError(
      'CONFIG_INVALID',
      `${key} is ${value}, but the run that is resumed has ${was[key]}`,
      { hint: 'name no preset or file to go on with the configuration of the run' },
    );
  }
}

/** The newest checkpoint that loads; a damaged one is named and passed over. */
async function lastGood(
  backend: Backend,
  run: string,
  dataset: Dataset,
  log: (line: string) => void,
): Promise<LoadedCheckpoint | undefined> {
  for (const { path } of (await listCheckpoints(run)).reverse()) {
    let loaded: LoadedCheckpoint;
    try {
      loaded = await loadCheckpoint(backend, path);
    } catch (error) {
      log(`passing over ${path}: ${messageOf(error)}`);
      continue;
    }
    const { tokenizerHash } = dataset.manifest;
    if (loaded.state.tokenizerHash !== tokenizerHash) {
      throw new CodecLmError(
        'DATASET_MISMATCH',
        `${dataset.dir} has another tokenizer than the dataset that ${run} was trained on`,
        { hint: 'resume with the dataset of the run' },
      );
    }
    log(`resuming ${path}`);
    return loaded;
  }
  return undefined;
}
