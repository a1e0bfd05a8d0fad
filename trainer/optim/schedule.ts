/** The learning rate of a step: linear warm-up, then half a cosine, or a plateau with a decay. */

export interface Schedule {
  /** `cosine` when it is left out; `wsd` is warm-up, stable, decay. */
  schedule?: 'cosine' | 'wsd';
  /** The highest rate, reached at the end of the warm-up. */
  lr: number;
  /** The rate at the end of the run. */
  minLr: number;
  warmupSteps: number;
  /** Steps of the decay of `wsd`, the last ones of the run; default: a tenth of the run. */
  decaySteps?: number;
  /** How the rate of `wsd` falls: `1-sqrt` when it is left out. */
  decayShape?: 'linear' | '1-sqrt';
  /** Optimizer steps of the whole run. */
  steps: number;
}

/**
 * The cosine is that of Loshchilov and Hutter, SGDR (arXiv 1608.03983), equation 5; the plateau with
 * its decay that of Hu et al. 2024 (MiniCPM, arXiv 2404.06395, section 4) with the forms of Hägele et
 * al. 2024 (arXiv 2405.18392, equation 1).
 * @param step counted from 0: the first update uses `lr / warmupSteps`, the last one (almost)
 *   `minLr`
 */
export function learningRate(step: number, schedule: Schedule): number {
  const { lr, minLr, warmupSteps, steps } = schedule;
  if (step < warmupSteps) return (lr * (step + 1)) / warmupSteps;
  if (step >= steps) return minLr;
  return minLr + (lr - minLr) * remaining(step, schedule);
}

/**
 * The step before which the rate is still the highest one, and from which it falls: the place to
 * branch off a longer run. Undefined for a cosine, which falls all the time.
 */
export function decayStart({ schedule, steps, decaySteps }: Schedule): number | undefined {
  if (schedule !== 'wsd') return undefined;
  return Math.max(0, steps - (decaySteps ?? Math.ceil(steps / 10)));
}

/** The part of the way from `minLr` up to `lr` that is left, 1 to 0, after the warm-up. */
function remaining(step: number, schedule: Schedule): number {
  const { warmupSteps, steps, decayShape } = schedule;
  const start = decayStart(schedule);
  if (start === undefined) {
    const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
    return 0.5 * (1 + Math.cos(Math.PI * progress));
  }
  if (step < start) return 1;
  const progress = (step - start) / (steps - start);
  return 1 - (decayShape === 'linear' ? progress : Math.sqrt(progress));
}
