/** The training loop: one optimizer step after the other, with metrics, evaluations and checkpoints. */
import { setImmediate } from 'node:timers/promises';
import { saveCheckpoint } from './checkpoint/save.ts';
import { evaluate } from './evaluate.ts';
import { MetricsLog, ProgressLine } from './metrics.ts';
import { metricsPath, pruneCheckpoints } from './run-directory.ts';
import { prepareSession, type Session, type SessionOptions } from './session.ts';
import { trainStep } from './step.ts';

export interface FitOptions extends SessionOptions {
  /** A state of the run for a progress line. */
  onProgress?: (line: string) => void;
  /** Saves at the next step boundary and ends. */
  signal?: AbortSignal;
}

export interface FitResult {
  /** Optimizer steps done in all. */
  step: number;
  /** Of the last step; undefined when there was nothing left to do. */
  loss?: number;
  /** The newest checkpoint; none when the signal came before the first step. */
  checkpoint?: string;
  interrupted: boolean;
}

/**
 * Trains until `train.steps`, or until the signal; a checkpoint is saved in both cases.
 * @throws CodecLmError `OUTPUT_IN_USE`, `DATASET_MISMATCH`, `CONFIG_INVALID` before anything is
 *   written; `NOT_FINITE` when the loss or a gradient is no number: the last good checkpoint stays
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const session = await prepareSession(options);
  const metricsLog = await MetricsLog.open(metricsPath(session.run));
  try {
    return await loop(session, metricsLog, options);
  } finally {
    await metricsLog.close();
    await session.dispose();
  }
}

async function loop(
  session: Session,
  metricsLog: MetricsLog,
  { onProgress, signal, log }: FitOptions,
): Promise<FitResult> {
  const { train } = session.config;
  const line = new ProgressLine(train.steps);
  let loss: number | undefined;
  const save = async () => {
    await saveCheckpoint(session);
    await pruneCheckpoints(session.run, train.keepLast);
  };
  while (session.step < train.steps && !signal?.aborted) {
    const metrics = await trainStep(session);
    loss = metrics.loss;
    await metricsLog.write(metrics);
    onProgress?.(line.after(metrics));
    const isLast = session.step === train.steps;
    if (session.hasVal && (isLast || isDue(session.step, train.evalEvery))) {
      const val = await evaluate(session, signal);
      if (val !== undefined) {
        await metricsLog.write(val);
        log(
          `step ${val.step}: validation loss ${val.loss.toFixed(4)}, ${val.bitsPerByte.toFixed(4)} bits/byte`,
        );
      }
    }
    if (isLast || isDue(session.step, train.saveEvery)) await save();
    // Native ops block the thread: a turn of the event loop lets signals in.
    await setImmediate();
  }
  const interrupted = session.step < train.steps;
  if (interrupted && session.step > 0 && session.checkpointStep !== session.step) await save();
  return { step: session.step, loss, checkpoint: session.checkpoint, interrupted };
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}
