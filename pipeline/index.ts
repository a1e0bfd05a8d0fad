/**
 * Turns a corpus of media files into a dataset, by a codec.
 *
 * @example
 * import { runPipeline } from 'codec-lm/pipeline';
 * await runPipeline({ sources: 'photos/', out: 'DS', size: 256 });
 *
 * @module
 */
import type { Manifest } from '../schemas/dataset.ts';
import type { ExtendOptions, FinalizeOptions, PipelineOptions } from './api.ts';
import type { DryRun } from './dry-run.ts';
import type { Status } from './status/status.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from '../base/error.ts';
export type { Failure, Manifest } from '../schemas/dataset.ts';
export type { CodecOptions, CodecOptionsByName } from '../tokenizer/index.ts';
export type {
  CommonPipelineOptions,
  ExtendOptions,
  FinalizeOptions,
  PipelineOptions,
} from './api.ts';
export type { DryRun } from './dry-run.ts';
export type {
  BatchEvent,
  DoneEvent,
  PartitionEvent,
  PipelineEvent,
  PlanEvent,
  WorkCounts,
} from './events.ts';
export type { Status, StatusProgress } from './status/status.ts';

/**
 * Turns media files into a dataset, and continues an earlier run that was stopped. Equal inputs and
 * options give equal bytes, whatever the number of workers and ranks.
 * @returns the manifest, or undefined when other ranks have not finished
 * @throws CodecLmError `CONFIG_INVALID`, `USAGE` for invalid options; `INPUT_NOT_FOUND`,
 *   `INPUT_EMPTY`; `DATASET_MISMATCH`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`, `DISK_FULL`,
 *   `INTERRUPTED` …
 */
export async function runPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<Manifest | undefined> {
  return (await import('./api.ts')).runPipeline(options);
}

/**
 * The first step of a run with several ranks; a single process does it: lists the inputs, freezes
 * the plan and learns the tokenizer. Throws as {@link runPipeline} does.
 */
export async function planPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<void> {
  return (await import('./api.ts')).planPipeline(options);
}

/**
 * Describes the work of {@link runPipeline}, and estimates the size of its dataset. Throws as
 * {@link runPipeline} does.
 */
export async function estimatePipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<DryRun> {
  return (await import('./api.ts')).estimatePipeline(options);
}

/**
 * The last step of a run with several ranks; a single process does it: packs the tails and writes
 * dataset.json.
 * @throws CodecLmError `DATASET_INCOMPLETE`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`
 */
export async function finalizeDataset(out: string, options?: FinalizeOptions): Promise<Manifest> {
  return (await import('./api.ts')).finalizeDataset(out, options);
}

/**
 * Adds inputs to a complete dataset by its own recipe, into further shards; those that are there, and
 * the split of every document, stay as they are. An extension that was stopped is continued.
 * @returns the manifest with the new documents; the old one when nothing in the sources is new
 * @throws CodecLmError `DATASET_INCOMPLETE`, `DATASET_MISMATCH`, `INPUT_EMPTY`, `OUTPUT_IN_USE`,
 *   `TOO_MANY_FAILURES`, `INTERRUPTED` …
 */
export async function extendPipeline(options: ExtendOptions): Promise<Manifest> {
  return (await import('./api.ts')).extendPipeline(options);
}

/**
 * Reads the progress of a dataset (done, left, failed, remaining time), also while another process
 * writes it.
 * @throws CodecLmError `INPUT_NOT_FOUND` when there is no dataset
 */
export async function readStatus(out: string): Promise<Status> {
  return (await import('./status/status.ts')).readStatus(out);
}
