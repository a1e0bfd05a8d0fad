/** Formats the events of a training run as lines for people. */
import { formatBar, formatCount, formatDuration } from '../../base/format.ts';
import type { LockWait } from '../../base/lock/lock.ts';
import { bitsOf, type TrainMetrics } from '../../schemas/run.ts';
import type { FitEvent } from '../../trainer/events.ts';
import type { Io } from '../command.ts';

/** Shows events of `fit`: steps on the progress line, everything else in the log. */
export function fitListener(io: Pick<Io, 'log' | 'progress'>): (event: FitEvent) => void {
  const line = new ProgressLine();
  return (event) => {
    if (event.type === 'lock-wait') io.progress.update(lockLine(event));
    if (event.type === 'step') io.progress.update(line.after(event.metrics, event.steps));
    const text = fitLogLine(event);
    if (text !== undefined) io.log(text);
  };
}

function lockLine({ who, silentMs, staleMs }: LockWait): string {
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return `${who} has the lock: no heartbeat for ${seconds(silentMs)} of ${seconds(staleMs)} s`;
}

/** @returns undefined for events that are not logged */
export function fitLogLine(event: FitEvent): string | undefined {
  switch (event.type) {
    case 'backend':
      return event.reason;
    case 'ranks':
      return `${event.size} ranks`;
    case 'resume':
      return `resuming ${event.checkpoint}`;
    case 'skip-checkpoint':
      return `passing over ${event.checkpoint}: ${event.reason}`;
    case 'nothing-to-resume':
      return `nothing to resume in ${event.out}: starting from the beginning`;
    case 'init': {
      const fresh = event.fresh.join(', ');
      const anew = fresh === '' ? '' : `; another vocabulary, so ${fresh} start anew`;
      return `starting with the weights of ${event.from}${anew}`;
    }
    case 'evaluation': {
      const { step, loss } = event.metrics;
      const { bits, unit } = bitsOf(event.metrics);
      return `step ${step}: validation loss ${loss.toFixed(4)}, ${bits.toFixed(4)} bits/${unit}`;
    }
    default:
      return undefined;
  }
}

/** Weight of the newest step in the average that gives the speed and the ETA. */
const SMOOTHING = 0.1;

/** Such as `███░ 120/300  loss 4.1234  2,345 tokens/s  ETA 1 min 2 s`. */
class ProgressLine {
  #secondsAStep: number | undefined;
  #tokensPerSecond = 0;

  after(metrics: TrainMetrics, steps: number): string {
    const blend = (before: number, now: number) => before + SMOOTHING * (now - before);
    const isFirst = this.#secondsAStep === undefined;
    this.#secondsAStep = isFirst ? metrics.seconds : blend(this.#secondsAStep!, metrics.seconds);
    this.#tokensPerSecond = isFirst
      ? metrics.tokensPerSecond
      : blend(this.#tokensPerSecond, metrics.tokensPerSecond);
    const { bits, unit } = bitsOf(metrics);
    return [
      `${formatBar(metrics.step / steps)} ${metrics.step}/${steps}`,
      `loss ${metrics.loss.toFixed(4)}`,
      `${bits.toFixed(3)} bits/${unit}`,
      `${formatCount(this.#tokensPerSecond)} tokens/s`,
      `ETA ${formatDuration((steps - metrics.step) * this.#secondsAStep)}`,
    ].join('  ');
  }
}
