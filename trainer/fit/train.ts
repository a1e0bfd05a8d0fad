/** The training loop: one optimizer step after the other, with metrics, evaluations and checkpoints. */
import { setImmediate } from 'node:timers/promises';
import { saveCheckpoint } from '../checkpoint/save.ts';
import type { FitEvent } from '../events.ts';
import { decayStart } from '../optim/schedule.ts';
import { pruneCheckpoints } from '../run/directory.ts';
import { evaluate } from './evaluate.ts';
import { Recorder } from './recorder.ts';
import { emitterOf, prepareSession, type Session, type SessionOptions } from './session.ts';
import { snapshotOf } from './snapshot.ts';
import { trainStep } from './step.ts';

export type TrainOptions = SessionOptions;

export interface FitResult {
  /** Optimizer steps done in total. */
  step: number;
  /** Loss of the last step; undefined when no step was left to do. */
  loss?: number;
  /** The newest checkpoint; undefined when the signal came before the first step. */
  checkpoint?: string;
  interrupted: boolean;
  /** 0, or the code of the signal: the same in every rank, whichever received it. */
  exitCode: number;
}

/**
 * Trains until `train.steps`, or until the signal; a checkpoint is saved in both cases. Collective.
 * @throws CodecLmError `OUTPUT_IN_USE`, `DATASET_MISMATCH`, `CONFIG_INVALID` before anything is
 *   written; `NOT_FINITE` when the loss or a gradient is not finite, the last good checkpoint is
 *   kept; `LOCK_LOST` when another process took the run over: nothing is written after that
 */
export async function train(options: TrainOptions): Promise<FitResult> {
  const session = await prepareSession(options);
  let recorder: Recorder | undefined;
  try {
    if (session.communicator.rank === 0) {
      recorder = await Recorder.open(session, emitterOf(options));
    }
    return await loop(session, recorder, options, emitterOf(options));
  } finally {
    await recorder?.close();
    await session.dispose();
  }
}

async function loop(
  session: Session,
  recorder: Recorder | undefined,
  { signal, onSaved }: Pick<TrainOptions, 'signal' | 'onSaved'>,
  emit: (event: FitEvent) => void,
): Promise<FitResult> {
  const { train } = session.config;
  let loss: number | undefined;
  let exitCode = 0;
  const isStopping = async () => {
    exitCode ||= await agreeToStop(session, signal);
    return exitCode !== 0;
  };
  while (session.step < train.steps && !(await isStopping())) {
    const result = await trainStep(session);
    loss = result.loss;
    await session.lock?.check();
    await recorder?.step(result);
    const isLast = session.step === train.steps;
    if (session.hasVal && (isLast || isDue(session.step, train.evalEvery))) {
      const val = await evaluate(session, isStopping);
      if (val !== undefined) {
        await session.lock?.check();
        await recorder?.evaluation(val);
        emit({ type: 'evaluation', metrics: val });
      }
    }
    const isBranchPoint = session.step === decayStartOf(session);
    if (isLast || isBranchPoint || isDue(session.step, train.saveEvery)) {
      await save(session, emit, onSaved);
    }
    // Native ops block the thread: one turn of the event loop lets signals in.
    await setImmediate();
  }
  const interrupted = session.step < train.steps;
  if (interrupted && session.step > 0 && session.checkpointStep !== session.step) {
    await save(session, emit, onSaved);
  }
  return { step: session.step, loss, checkpoint: session.checkpoint, interrupted, exitCode };
}

async function save(
  session: Session,
  emit: (event: FitEvent) => void,
  onSaved: TrainOptions['onSaved'],
): Promise<void> {
  const { step } = session;
  const checkpoint = await saveCheckpoint(snapshotOf(session));
  session.checkpoint = checkpoint;
  session.checkpointStep = step;
  if (session.communicator.rank > 0) return;
  const { keepLast, keepEvery } = session.config.train;
  const pruning = { keepLast, keepEvery, keepStep: decayStartOf(session) };
  await onSaved?.(step, pruning);
  emit({ type: 'checkpoint', checkpoint, step });
  await session.lock?.check();
  await pruneCheckpoints(session.run, pruning);
}

/** The step whose checkpoint a longer run branches off; see `decayStart`. */
function decayStartOf({ config }: Session): number | undefined {
  return decayStart({ ...config.optim, steps: config.train.steps });
}

/** Exit code for a signal without a code: that of Ctrl-C. */
const INTERRUPTED = 130;

/** A launcher may signal only one rank; all ranks stop at the same step. Collective. */
async function agreeToStop({ communicator }: Session, signal?: AbortSignal): Promise<number> {
  const reason: unknown = signal?.aborted ? signal.reason : 0;
  const code = Float64Array.of(typeof reason === 'number' ? reason : INTERRUPTED);
  await communicator.allReduce(code, 'max');
  return code[0];
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}
