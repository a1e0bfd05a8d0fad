/**
 * Trains models, draws samples from them, and scores, serves and exports them.
 *
 * @example
 * import { fit } from 'codec-lm/trainer';
 * const { checkpoint } = await fit({ data: 'DS', out: 'RUN', preset: 'tiny' });
 *
 * The folders in trainer/ are ordered; each may import from earlier ones, never from later ones:
 *
 *     events  backend  ops  model  optim  config  distributed  run  checkpoint  estimate
 *     tensorboard  fit  sample  score  serve  report
 *
 * @module
 */
import type { TrainerConfig } from '../schemas/trainer.ts';
import type { Exported, ExportOptions } from './checkpoint/export.ts';
import type { ConfigSource } from './config/config.ts';
import type { Estimate, EstimateOptions } from './estimate/estimate.ts';
import type { FitOptions, RankedFitResult } from './fit/fit.ts';
import type { Imported, ImportOptions } from './import/import.ts';
import type { Series } from './report/series.ts';
import type { SampleFilesOptions, SampleSummary } from './sample/files.ts';
import type { Sample } from './sample/finished.ts';
import type { LoadModelOptions, Model } from './sample/model.ts';
import type { SampleOptions } from './sample/sample.ts';
import type { ScoreOptions, SourceScore } from './score/score.ts';
import type { ServeOptions } from './serve/serve.ts';
import type { RunningServer } from './serve/server.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from '../base/error.ts';
export type { LockWait } from '../base/lock/lock.ts';
export type { BackendChoice, BackendName } from '../compute/choose.ts';
export type { BackendEvent } from '../compute/event.ts';
export type { TrainMetrics, ValMetrics } from '../schemas/run.ts';
export type { TrainerConfig, TrainerConfigInput } from '../schemas/trainer.ts';
export type {
  Exported,
  ExportFormat,
  ExportOptions,
  ExportPrecision,
} from './checkpoint/export.ts';
export type { GgufPrecision } from './checkpoint/gguf/types.ts';
export type { WeightFormat } from './checkpoint/huggingface.ts';
export type { ConfigSource } from './config/config.ts';
export type { Communicator, Numbers, Reduction } from './distributed/communicator.ts';
export type { Estimate, EstimateOptions } from './estimate/estimate.ts';
export type { MemoryEstimate } from './estimate/memory.ts';
export type {
  FitEvent,
  PastTrainedLength,
  SampleProgress,
  ServeEvent,
} from './events.ts';
export type { FitOptions, RankedFitResult } from './fit/fit.ts';
export type { FitResult } from './fit/train.ts';
export type { Imported, ImportOptions, ImportProgress } from './import/import.ts';
export type { LlamaConfig } from './model/config.ts';
export type { Series } from './report/series.ts';
export type { Finish } from './sample/batch/job.ts';
export type { CodecChoice, SamplingCodec } from './sample/codec.ts';
export type { DraftCounts } from './sample/draft/drafter.ts';
export type { SampleEvent, SampleFilesOptions, SampleSummary } from './sample/files.ts';
export type { Sample } from './sample/finished.ts';
export type { CheckpointParts } from './sample/load.ts';
export type { LoadModelOptions, Model } from './sample/model.ts';
export type { SampleFile } from './sample/output.ts';
export type { PromptSource, SampleOptions } from './sample/sample.ts';
export type { ScoreEvent, ScoreOptions, SourceScore } from './score/score.ts';
export type { ServeOptions } from './serve/serve.ts';
export type { RunningServer } from './serve/server.ts';

/**
 * Trains a model on a dataset until `train.steps`, or until the signal; a checkpoint is saved in
 * both cases. With several ranks, every rank calls it. A process has one backend: later runs use
 * the same one.
 * @throws CodecLmError `CONFIG_INVALID`, `INPUT_NOT_FOUND`, `OUTPUT_IN_USE`, `DATASET_MISMATCH`
 *   before anything is written; `NOT_FINITE` when the loss or a gradient is not finite; the last
 *   good checkpoint is kept; `RANK_FAILED` when another rank is gone
 */
export async function fit(options: FitOptions): Promise<RankedFitResult> {
  return (await import('./fit/fit.ts')).fit(options);
}

/**
 * Resolves the configuration of a run: defaults, then the preset, then the file, then single keys.
 * @throws CodecLmError `CONFIG_INVALID` that names the key, what was found and where;
 *   `INPUT_NOT_FOUND` when the file is missing
 */
export async function resolveConfig(source: ConfigSource = {}): Promise<TrainerConfig> {
  return (await import('./config/config.ts')).resolveConfig(source);
}

/** Names of the presets that come with the package. */
export async function listPresets(): Promise<string[]> {
  return (await import('./config/presets.ts')).listPresets();
}

/**
 * Estimates parameters, FLOPs and memory of a configuration, before anything runs.
 * @throws CodecLmError `CONFIG_INVALID` when the sequence length is not known; `INPUT_NOT_FOUND` …
 *   for the named dataset
 */
export async function estimate(
  config: TrainerConfig,
  options?: Partial<EstimateOptions>,
): Promise<Estimate> {
  return (await import('./estimate/estimate.ts')).estimate(config, options);
}

/**
 * Writes the model of a checkpoint in Hugging Face layout or as a GGUF file for llama.cpp, without
 * what a run resumes from.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something, or a file that is there;
 *   `INPUT_NOT_FOUND` or `CHECKPOINT_INVALID` when there is no valid checkpoint; `CONFIG_INVALID` for a
 *   precision that the format or the shape of the model does not have; for GGUF also
 *   `TOKENIZER_INVALID`, and `NOT_FINITE` for a weight beyond fp16
 */
export async function exportCheckpoint(options: ExportOptions): Promise<Exported> {
  return (await import('./checkpoint/export.ts')).exportCheckpoint(options);
}

/**
 * Makes a checkpoint of any Llama in a Hugging Face folder: weights of safetensors or torch, with
 * tokenizer.json or a sentencepiece model. They keep every bit, and go through memory one by one.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that holds something; `INPUT_NOT_FOUND`,
 *   `CHECKPOINT_INVALID`, `TOKENIZER_INVALID` that name file and tensor; `CODEC_UNKNOWN`, `CONFIG_INVALID`
 */
export async function importModel(options: ImportOptions): Promise<Imported> {
  return (await import('./import/import.ts')).importModel(options);
}

/**
 * Reads the metrics of a run directory.
 * @throws CodecLmError `INPUT_NOT_FOUND` without metrics, `CHECKPOINT_INVALID` for an invalid line
 */
export async function readMetrics(run: string): Promise<Series> {
  return (await import('./report/series.ts')).readSeries(run);
}

/**
 * Opens a checkpoint for sampling and scoring. Its weights are read when they are first needed.
 * @param checkpoint folder of a checkpoint, or a run directory for its newest one
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `TOKENIZER_INVALID`
 */
export async function loadModel(checkpoint: string, options?: LoadModelOptions): Promise<Model> {
  return (await import('./sample/model.ts')).loadModel(checkpoint, options);
}

/**
 * Draws samples, `batchSize` at once. Each is yielded when it ends, so not in the order of their
 * numbers. The same seed gives the same samples, whatever the batch size and the number of cores.
 * Leaving the loop stops the sampling.
 * @throws CodecLmError `CONFIG_INVALID` for invalid options, or when a document cannot be finished
 *   within `maxTokens`; `CHECKPOINT_INVALID`, `NOT_FINITE`; the errors of reading the prompts
 */
export async function* sample(model: Model, options?: SampleOptions): AsyncGenerator<Sample, void> {
  yield* (await import('./sample/sample.ts')).sample(model, options);
}

/**
 * Draws like {@link sample} and writes into a folder: a file for each sample with its description,
 * a contact sheet and a page.
 * @throws CodecLmError `OUTPUT_IN_USE` for a folder that is not empty; the errors of `sample`
 */
export async function sampleFiles(
  model: Model,
  options: SampleFilesOptions,
): Promise<SampleSummary> {
  return (await import('./sample/files.ts')).sampleFiles(model, options);
}

/**
 * Scores files, or the contents of files, in their order. All are read before the first is scored.
 * @throws CodecLmError `INPUT_NOT_FOUND`, or an input's code that names the file;
 *   `CHECKPOINT_INVALID`, `NOT_FINITE`
 */
export async function* score(
  model: Model,
  sources: string | Uint8Array | readonly (string | Uint8Array)[],
  options?: ScoreOptions,
): AsyncGenerator<SourceScore, void> {
  yield* (await import('./score/score.ts')).score(model, sources, options);
}

/**
 * Serves a checkpoint: OpenAI-compatible completions and a page to try it, until it is closed.
 * @throws CodecLmError `CONFIG_INVALID`; `USAGE` for an address that other machines can reach,
 *   without a key; `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`; `OUTPUT_IN_USE` for a port that is
 *   taken
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  return (await import('./serve/serve.ts')).serve(options);
}
