/** The learning rate of a step: linear warm-up, then half a cosine down to `minLr`. */

export interface Schedule {
  /** The highest rate, reached at the end of the warm-up. */
  lr: number;
  minLr: number;
  warmupSteps: number;
  /** Optimizer steps of the whole run. */
  steps: number;
}

/**
 * @param step counted from 0: the first update uses `lr / warmupSteps`, the last one (almost)
 * `minLr` The formula is that of Loshchilov and Hutter, SGDR (arXiv 1608.03983), equation 5, after
 * a linear warm-up.
 */
export function learningRate(step: number, schedule: Schedule): number {
  const { lr, minLr, warmupSteps, steps } = schedule;
  if (step < warmupSteps) return (lr * (step + 1)) / warmupSteps;
  if (step >= steps) return minLr;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return minLr + 0.5 * (lr - minLr) * (1 + Math.cos(Math.PI * progress));
}
