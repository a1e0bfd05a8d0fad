/**
 * What the functions of the trainer tell while they work, for a progress line, a log or a program.
 * A listener is called at once and is not waited for; what it throws ends the work.
 */
import type { LockWait } from '../base/lock/lock.ts';
import type { TrainMetrics, ValMetrics } from '../schemas/run.ts';

/** The backend that computes has been chosen: told once a process, to whoever asked first. */
export interface BackendEvent {
  type: 'backend';
  name: 'native' | 'wasm';
  device: 'cpu' | 'gpu';
  /** One line for people: which backend runs, and why. */
  reason: string;
}

/** Told by rank 0 of a run. */
export type FitEvent =
  | BackendEvent
  /** Several processes train together. */
  | { type: 'ranks'; size: number }
  /** Twice a second while a process that may have died elsewhere has the lock of the run. */
  | ({ type: 'lock-wait' } & LockWait)
  /** The run goes on from this checkpoint. */
  | { type: 'resume'; checkpoint: string }
  /** A checkpoint that does not load; an older one is tried. */
  | { type: 'skip-checkpoint'; checkpoint: string; reason: string }
  /** `resume` was asked for and there is nothing to resume. */
  | { type: 'nothing-to-resume'; out: string }
  /** Weights of `init` were taken; `fresh` names those that start anew for another vocabulary. */
  | { type: 'init'; from: string; fresh: readonly string[] }
  /** After each optimizer step; `steps` of the whole run. */
  | { type: 'step'; metrics: TrainMetrics; steps: number }
  /** After each evaluation on the val split. */
  | { type: 'evaluation'; metrics: ValMetrics }
  /** A checkpoint is on the disk. */
  | { type: 'checkpoint'; checkpoint: string; step: number };

/** How far the drawing of samples is. */
export interface SampleProgress {
  type: 'progress';
  /** Samples that have ended, of how many. */
  samples: number;
  total: number;
  /** Tokens drawn so far, and how fast. */
  tokens: number;
  tokensPerSecond: number;
}

/**
 * Sequences are to be longer than those of the training: positions behind `trained` are new to the
 * model. Told once, before any work.
 */
export interface PastTrainedLength {
  type: 'past-trained-length';
  /** Tokens of a sequence in training. */
  trained: number;
  /** Tokens that a sequence may take here at most. */
  tokens: number;
}

/** What a server tells while it runs. */
export type ServeEvent =
  | BackendEvent
  | PastTrainedLength
  /** It listens; `engine` is for people. */
  | { type: 'ready'; model: string; engine: string; maxTokens: number; url: string }
  /** The engine or an answer failed for a reason that no client is to blame for. */
  | { type: 'failure'; error: unknown };
