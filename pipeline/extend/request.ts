/** What an extension is asked to do, and what all of its steps know. */
import type { Lock } from '../../base/lock/lock.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Extension, Plan } from '../../schemas/plan.ts';
import type { Codec, Encoder, Tokenizer } from '../../tokenizer/index.ts';
import type { PipelineEvent } from '../events.ts';

export interface ExtendRequest {
  /** Absolute path, or the URL of a prefix in object storage. */
  out: string;
  /** SRC arguments; tables have an `@` in front. */
  sources: readonly string[];
  workers?: number;
  /** Share of the new inputs that may fail, 0..1. */
  maxFailures: number;
  allowEncoderChange: boolean;
  emit: (event: PipelineEvent) => void;
  signal: AbortSignal;
}

/** What all steps of an extension know. */
export interface Extending extends ExtendRequest {
  plan: Plan;
  manifest: Manifest;
  tokenizer: Tokenizer;
  codec: Codec;
  encoder: Encoder;
  /** Number of batches in flight. */
  lanes: number;
  /** The extensions before this one. */
  before: readonly Extension[];
  /** Number of this round. */
  round: number;
  lock: Lock;
}
