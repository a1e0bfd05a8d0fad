/** What the functions of evaluation tell while they work. A listener is called at once and not waited for. */
import type { BackendEvent } from '../trainer/index.ts';

export type EvaluationEvent =
  | BackendEvent
  /** Pictures of a folder whose features are computed. */
  | { type: 'pictures'; folder: string; done: number; total: number }
  /** A figure that is to be taken with care. */
  | { type: 'warning'; message: string };
