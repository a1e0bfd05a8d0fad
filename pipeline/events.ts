/**
 * What the pipeline tells while it works, for a progress line, a log or a program. A listener is
 * called at once and is not waited for; what it throws stops the run.
 */
import type { LockWait } from '../base/lock/lock.ts';
import type { Failure, Manifest } from '../schemas/dataset.ts';
import type { Plan } from '../schemas/plan.ts';

/** Inputs and partitions, counted. */
export interface WorkCounts {
  inputs: number;
  partitions: number;
}

/** In the order in which a run tells them. */
export type PipelineEvent =
  /** Something about the machine that the documents may depend on. */
  | { type: 'warning'; message: string }
  /** Twice a second while a process that may have died elsewhere has the lock of the dataset. */
  | ({ type: 'lock-wait' } & LockWait)
  /** The sources are being listed; `found` inputs so far. */
  | { type: 'listing'; found: number }
  /** The lists of the plan are being written. */
  | { type: 'freezing'; done: number; total: number }
  /** The plan stands; `isNew` when this run made it. */
  | PlanEvent
  /** Inputs are being encoded for the tokenizer to be learned on. */
  | { type: 'sampling'; done: number; total: number }
  /** So many merges are being learned on documents of so many bytes. */
  | { type: 'learning'; documents: number; bytes: number; merges: number }
  /** The tokenizer stands; `isNew` when this run learned or copied it. */
  | { type: 'tokenizer'; vocabSize: number; merges: number; hash: string; isNew: boolean }
  /** `planPipeline` has done its part: the same options to `runPipeline` go on. */
  | { type: 'planned'; out: string }
  /** How this machine could be used better. */
  | { type: 'advice'; message: string }
  /** Work on partitions begins; `before` is what earlier runs did of it. */
  | { type: 'begin'; work: WorkCounts; before: WorkCounts }
  /** Some inputs were encoded; of the bytes read and documents made, `reused` were so before. */
  | BatchEvent
  /** An input that is no document, with its reason. */
  | ({ type: 'failure' } & Failure)
  /** A partition is on the disk. */
  | PartitionEvent
  /** This rank is done; when all are, `finalizeDataset` ends the work. */
  | { type: 'rank-done'; rank: number; size: number; out: string }
  /** The dataset is complete; `isNew` when this run did something for it. */
  | DoneEvent;

export interface PlanEvent {
  type: 'plan';
  isNew: boolean;
  inputs: number;
  partitions: number;
  /** Share of the documents that is held out, 0..1. */
  valFraction: number;
  /** What was found beside the inputs. */
  listing: Plan['listing'];
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
  /** Files of shards. */
  shards: number;
  totals: Manifest['totals'];
}

/** The end of a run or of `finalizeDataset`. */
export function doneEvent(out: string, { totals, shards }: Manifest, isNew: boolean): DoneEvent {
  return { type: 'done', isNew, out, shards: shards.length, totals };
}
