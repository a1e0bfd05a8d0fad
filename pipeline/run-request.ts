/** Everything that a run is asked to do, with all defaults filled in. */
import type { Lock } from '../base/lock/lock.ts';
import type { Ranks } from '../base/lock/record.ts';
import type { PlanConfig } from '../schemas/plan.ts';
import type { Codec, CodecSettings, Encoder, Tokenizer } from '../tokenizer/index.ts';
import type { PipelineEvent } from './events.ts';

export interface RunRequest {
  /** Absolute path, or the URL of a prefix in object storage. */
  out: string;
  codec: Codec;
  /** Encodes with the requested number of processes. */
  encoder: Encoder;
  /** Opens the codec again with what was learned beside what was asked for. */
  reopen(learned: CodecSettings): Promise<Pick<RunRequest, 'codec' | 'encoder'>>;
  config: PlanConfig;
  /** Extensions of inputs in folders and archives: lower-case, with dot. */
  extensions: ReadonlySet<string>;
  /** Word for an input in messages: `image`, `video`. */
  noun: string;
  /** A tokenizer that is given, or that needs no learning. */
  tokenizer?: Tokenizer;
  ranks: Ranks;
  /** Address of the queue that gives the partitions, in place of a fixed share. */
  queue?: string;
  /** Number of batches in flight. */
  lanes: number;
  /** Advice for using this machine better; shown when work begins. */
  hint?: string;
  /** Share of inputs that may fail, 0..1. */
  maxFailures: number;
  /** Stop after the plan is frozen and the tokenizer learned. */
  planOnly: boolean;
  /** Run the failed inputs once more, after everything else. */
  retryFailed: boolean;
  /** Continue although the encoder has other versions than the plan. */
  allowEncoderChange: boolean;
  emit: (event: PipelineEvent) => void;
  signal: AbortSignal;
}

/** A run that holds the lock of its dataset. */
export type LockedRequest = RunRequest & { lock: Lock };
