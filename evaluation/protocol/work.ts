/** What the stages of an evaluation share. */
import { CodecLmError } from '../../base/error.ts';
import type { ProtocolPlan } from '../../schemas/protocol.ts';
import type { Communicator } from '../../trainer/distributed/communicator.ts';
import type { Model } from '../../trainer/sample/model.ts';
import type { ProtocolEvent } from './events.ts';
import type { Layout } from './layout.ts';

export interface Work {
  readonly layout: Layout;
  readonly plan: ProtocolPlan;
  readonly communicator: Pick<Communicator, 'rank' | 'size'>;
  readonly onEvent?: (event: ProtocolEvent) => void;
  readonly signal?: AbortSignal;
}

export interface DrawingWork extends Work {
  readonly model: Model;
  /** Samples drawn at once, and cores to use. */
  readonly batchSize: number;
  readonly threads?: number;
}

/** @throws CodecLmError `INTERRUPTED` after the signal */
export function goOnUnlessStopped({ signal, layout }: Pick<Work, 'signal' | 'layout'>): void {
  if (!signal?.aborted) return;
  throw new CodecLmError('INTERRUPTED', `the evaluation ${layout.root} was stopped`, {
    path: layout.root,
    hint: 'run the same command again: it goes on from here',
  });
}

/** The pictures of this rank, by number. */
export function ownPictures({ plan, communicator }: Pick<Work, 'plan' | 'communicator'>): number[] {
  const { rank, size } = communicator;
  return [...plan.pictures.keys()].filter((index) => index % size === rank);
}
