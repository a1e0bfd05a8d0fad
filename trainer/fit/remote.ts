/** `fit` with a run directory in object storage: the run of this machine, and what is put and fetched. */
import { CodecLmError } from '../../base/error.ts';
import { findLauncher } from '../../base/launcher.ts';
import { absolutePlace } from '../../base/storage/index.ts';
import type { FitEvent } from '../events.ts';
import { RemoteRun } from '../run/remote/run.ts';
import type { FitHere, FitOptions, RankedFitResult } from './options.ts';

/**
 * @param fitHere trains in a folder of this machine
 * @throws CodecLmError as `fit` does; `LOCK_LOST` when another process took the run over
 */
export async function fitRemote(options: FitOptions, fitHere: FitHere): Promise<RankedFitResult> {
  const { branch, resume = false, signal, onEvent } = options;
  if (branch !== undefined) {
    throw new CodecLmError('USAGE', '`branch` begins a run on a disk, not at `s3://…`', {
      hint: 'name a folder as `out`',
    });
  }
  const rank = options.communicator?.rank ?? findLauncher()?.rank ?? 0;
  const emit = (event: FitEvent) => {
    if (rank === 0) onEvent?.(event);
  };
  const place = absolutePlace(options.out);
  const run = await RemoteRun.open({ place, rank, resume, signal, emit });
  const signals = [signal, run.signal].filter((one) => one !== undefined);
  try {
    const result = await fitHere({
      ...options,
      out: run.folder,
      signal: signals.length > 0 ? AbortSignal.any(signals) : undefined,
      onEvent: (event) => onEvent?.(atPlace(event, run)),
      onSaved: (step, pruning) => run.saved(step, pruning),
    });
    if (rank === 0) await run.saveFiles();
    const { checkpoint } = result;
    return { ...result, checkpoint: checkpoint && run.placeOf(checkpoint) };
  } finally {
    await run.close();
  }
}

/** Events name the place that a person knows. */
function atPlace(event: FitEvent, run: RemoteRun): FitEvent {
  if ('checkpoint' in event && event.checkpoint.startsWith(run.folder)) {
    return { ...event, checkpoint: run.placeOf(event.checkpoint) };
  }
  return 'out' in event ? { ...event, out: run.place } : event;
}
