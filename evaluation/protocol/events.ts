/** What an evaluation tells while it works. */
import type { PastTrainedLength } from '../../trainer/events.ts';
import type { EvaluationEvent } from '../events.ts';

export type ProtocolEvent =
  | EvaluationEvent
  | PastTrainedLength
  /** Work of one stage in this rank, and of drawing its speed. */
  | {
      type: 'stage';
      stage: 'prompts' | 'completions' | 'rows' | 'features' | 'distances';
      /** The set of pictures that is worked on. */
      what: string;
      done: number;
      total: number;
      tokensPerSecond?: number;
    };
