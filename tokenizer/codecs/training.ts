/** What a codec says that has a model to be learned before it can encode anything: `tokenizer train`. */
import type { z } from 'zod';
import type { CodecLmError } from '../../base/error.ts';

/** Progress of a training. */
export type TrainingEvent =
  | { type: 'reading'; done: number; total: number }
  /** A picture that cannot be read is left out. */
  | { type: 'skipped'; path: string; error: CodecLmError }
  | { type: 'resume'; checkpoint: string; step: number }
  | { type: 'begin'; parameters: number; inputs: number; heldOut: number; steps: number }
  /** Names and values in words of the codec. */
  | { type: 'step'; step: number; steps: number; figures: Readonly<Record<string, number>> }
  | { type: 'measured'; step: number; figures: Readonly<Record<string, number>> };

export interface TrainingRun {
  /** Files to learn from, in a fixed order. */
  inputs: readonly string[];
  /** Folder of the model; an unfinished training in it goes on. */
  to: string;
  /** Parsed by the schema `options`. */
  options: Readonly<Record<string, unknown>>;
  onEvent: (event: TrainingEvent) => void;
  /** Saves a checkpoint and returns. */
  signal?: AbortSignal;
}

export interface TrainingResult {
  step: number;
  isFinished: boolean;
  /** What was measured last. */
  figures: Readonly<Record<string, number>>;
  /** Files for people. */
  files: readonly string[];
}

export interface CodecTraining {
  /** A line for the help. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * @throws CodecLmError `CONFIG_INVALID`; `DATASET_MISMATCH` for a folder begun with other inputs or
   *   options; `OUTPUT_IN_USE`, `NOT_FINITE`
   */
  run(run: TrainingRun): Promise<TrainingResult>;
}
