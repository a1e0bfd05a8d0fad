/**
 * Events of the pipeline, for a progress line, a log or a program. A listener is called
 * synchronously and not awaited; an error that it throws stops the run.
 */
import type { LockWait } from '../base/lock/lock.ts';
import type { Failure, Manifest } from '../schemas/dataset.ts';
import type { Plan } from '../schemas/plan.ts';

/** Counts of inputs and partitions. */
export interface WorkCounts {
  inputs: number;
  partitions: number;
}

/** Events in the order in which a run sends them. */
export type PipelineEvent =
  /** A fact about the machine that may affect the documents. */
  | { type: 'warning'; message: string }
  /** Sent twice per second while the dataset is locked by a process elsewhere that may be dead. */
  | ({ type: 'lock-wait' } & LockWait)
  /** The sources are being listed; `found` inputs so far. */
  | { type: 'listing'; found: number }
  /** The lists of the plan are being written. */
  | { type: 'freezing'; done: number; total: number }
  /** The plan is complete; `isNew` when this run made it. */
  | PlanEvent
  /** Inputs are being measured, to decide which are left out. */
  | { type: 'measuring'; done: number; total: number }
  /** Curation is done: the inputs that are left out, by reason. */
  | { type: 'curated'; filteredByReason: Readonly<Record<string, number>>; inputs: number }
  /** Inputs are being encoded for the sample of `what`, or of the tokenizer. */
  | { type: 'sampling'; done: number; total: number; what?: string }
  /** Settings of the codec are being learned, such as `512 colours`. */
  | { type: 'learning-settings'; what: string; documents: number }
  /** They are learned, and plan.json holds them. */
  | { type: 'settings'; what: string; documents: number }
  /** This number of merges is being learned from these documents and bytes. */
  | { type: 'learning'; documents: number; bytes: number; merges: number }
  /** The tokenizer is ready; `isNew` when this run learned or copied it. */
  | { type: 'tokenizer'; vocabSize: number; merges: number; hash: string; isNew: boolean }
  /** `planPipeline` is done: `runPipeline` with the same options continues. */
  | { type: 'planned'; out: string }
  /** Advice for using this machine better. */
  | { type: 'advice'; message: string }
  /** Work on partitions begins; `before` counts the work of earlier runs. */
  | { type: 'begin'; work: WorkCounts; before: WorkCounts }
  /**
   * Inputs were encoded; `reused` counts those of the bytes and documents that had been encoded
   * before.
   */
  | BatchEvent
  /** An input that gave no document, with the reason. */
  | ({ type: 'failure' } & Failure)
  /** A partition is on the disk. */
  | PartitionEvent
  /** This rank is done; when all ranks are, `finalizeDataset` completes the dataset. */
  | { type: 'rank-done'; rank: number; size: number; out: string }
  /** The dataset is complete; `isNew` when this run contributed to it. */
  | DoneEvent;

export interface PlanEvent {
  type: 'plan';
  isNew: boolean;
  inputs: number;
  /** Number of files, where each may give several documents: inputs are their clips. */
  videos?: number;
  partitions: number;
  /** Share of the documents that is held out, 0..1. */
  valFraction: number;
  /** Things that were found besides the inputs. */
  listing: Plan['listing'];
  /** The columns that travel along, if there are any. */
  columns?: Plan['columns'];
}

export interface BatchEvent {
  type: 'batch';
  inputs: number;
  sourceBytes: number;
  reused: { documents: number; sourceBytes: number };
}

export interface PartitionEvent {
  type: 'partition';
  name: string;
  inputs: number;
  documents: number;
  failures: number;
  tokens: number;
  rows: number;
  seconds: number;
}

export interface DoneEvent {
  type: 'done';
  isNew: boolean;
  out: string;
  /** Number of shard files. */
  shards: number;
  totals: Manifest['totals'];
}

/** The last event of a run or of `finalizeDataset`. */
export function doneEvent(
  out: string,
  { totals, shards }: Manifest,
  { isNew }: { isNew: boolean },
): DoneEvent {
  return { type: 'done', isNew, out, shards: shards.length, totals };
}
