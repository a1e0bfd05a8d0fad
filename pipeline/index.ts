/**
 * A corpus of media files through a codec into a dataset.
 *
 * @example
 * import { runPipeline } from 'codec-lm/pipeline';
 * await runPipeline({ sources: 'photos/', out: 'DS', size: 256 });
 *
 * @module
 */
import type { Manifest } from '../schemas/dataset.ts';
import type { FinalizeOptions, PipelineOptions } from './api.ts';
import type { DryRun } from './dry-run.ts';
import type { Status } from './status/status.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from '../base/error.ts';
export type { Failure, Manifest } from '../schemas/dataset.ts';
export type { CodecOptions, CodecOptionsByName } from '../tokenizer/index.ts';
export type { CommonPipelineOptions, FinalizeOptions, PipelineOptions } from './api.ts';
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
 * Turns media files into a dataset, and goes on where a run before was stopped. Equal inputs and
 * options give equal bytes, whatever the number of workers and ranks.
 * @returns the manifest, or undefined when other ranks have to finish
 * @throws CodecLmError `CONFIG_INVALID`, `USAGE` for options; `INPUT_NOT_FOUND`, `INPUT_EMPTY`;
 *   `DATASET_MISMATCH`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`, `DISK_FULL`, `INTERRUPTED` …
 */
export async function runPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<Manifest | undefined> {
  return (await import('./api.ts')).runPipeline(options);
}

/**
 * The first step of several ranks, which one process does: lists the inputs, freezes the plan and
 * learns the tokenizer. Throws as {@link runPipeline} does.
 */
export async function planPipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<void> {
  return (await import('./api.ts')).planPipeline(options);
}

/** What {@link runPipeline} would do, and about how large its dataset gets. Throws as it does. */
export async function estimatePipeline<Name extends string = 'jpeg'>(
  options: PipelineOptions<Name>,
): Promise<DryRun> {
  return (await import('./api.ts')).estimatePipeline(options);
}

/**
 * The last step of several ranks, which one process does: packs the tails and writes dataset.json.
 * @throws CodecLmError `DATASET_INCOMPLETE`, `OUTPUT_IN_USE`, `TOO_MANY_FAILURES`
 */
export async function finalizeDataset(out: string, options?: FinalizeOptions): Promise<Manifest> {
  return (await import('./api.ts')).finalizeDataset(out, options);
}

/**
 * How far a dataset is: done, left, failed, time to go; also while it is written elsewhere.
 * @throws CodecLmError `INPUT_NOT_FOUND` when no dataset is there
 */
export async function readStatus(out: string): Promise<Status> {
  return (await import('./status/status.ts')).readStatus(out);
}
