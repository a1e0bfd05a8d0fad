/**
 * Events of the trainer's functions, for a progress line, a log or a program. A listener is called
 * synchronously and not awaited; an error that it throws ends the work.
 */
import type { LockWait } from '../base/lock/lock.ts';
import type { BackendEvent } from '../compute/event.ts';
import type { TrainMetrics, ValMetrics } from '../schemas/run.ts';

/** Events of rank 0 of a run. */
export type FitEvent =
  | BackendEvent
  /** Several processes train together. */
  | { type: 'ranks'; size: number }
  /** Sent twice per second while the run is locked by a process elsewhere that may be dead. */
  | ({ type: 'lock-wait' } & LockWait)
  /** The run continues from this checkpoint. */
  | { type: 'resume'; checkpoint: string }
  /** A checkpoint does not load; an older one is tried. */
  | { type: 'skip-checkpoint'; checkpoint: string; reason: string }
  /** `resume` was requested, but there is nothing to resume. */
  | { type: 'nothing-to-resume'; out: string }
  /**
   * Weights of `init` were loaded; `fresh` names those that start anew because of another
   * vocabulary.
   */
  | { type: 'init'; from: string; fresh: readonly string[] }
  /** Sent after each optimizer step; `steps` is the number of steps of the whole run. */
  | { type: 'step'; metrics: TrainMetrics; steps: number }
  /** Sent after each evaluation on the val split. */
  | { type: 'evaluation'; metrics: ValMetrics }
  /** A checkpoint is on the disk. */
  | { type: 'checkpoint'; checkpoint: string; step: number };

/** Progress of drawing samples. */
export interface SampleProgress {
  type: 'progress';
  /** Number of samples that have ended, and in total. */
  samples: number;
  total: number;
  /** Number of tokens drawn so far, and the speed. */
  tokens: number;
  tokensPerSecond: number;
}

/**
 * Sequences may be longer than in training: positions beyond `trained` are new to the model. Sent
 * once, before any work.
 */
export interface PastTrainedLength {
  type: 'past-trained-length';
  /** Tokens per sequence in training. */
  trained: number;
  /** Most tokens that a sequence may have now. */
  tokens: number;
}

/** Progress of reading a model's weights: one event after each tensor. */
export interface LoadEvent {
  type: 'loading';
  /** Bytes read so far, and in all. */
  bytes: number;
  totalBytes: number;
}

/** What was decided about the engine that its user may want to know. Sent before weights are read. */
export interface EngineRemark {
  type: 'engine';
  /** A sentence for people. */
  remark: string;
}

/** Events of a server. */
export type ServeEvent =
  | BackendEvent
  | PastTrainedLength
  | LoadEvent
  | EngineRemark
  /** The server listens; `engine` is a description for people. */
  | { type: 'ready'; model: string; engine: string; maxTokens: number; url: string }
  /** The engine or an answer failed for a reason that no client caused. */
  | { type: 'failure'; error: unknown };
