/** The guard against NaN and infinity: a run that has lost its numbers stops before it overwrites good ones. */
import type { Tensor } from '@tensorflow/tfjs';
import { CodecLmError } from '../schemas/error.ts';

export interface FiniteCheck {
  /** Step that was being done, counted from 1. */
  step: number;
  loss: number;
  /** Global norm of the gradients. */
  gradNorm: number;
  parameters: ReadonlyMap<string, Tensor>;
  gradients: ReadonlyMap<string, Tensor>;
  /** Path of the newest checkpoint. */
  checkpoint: string | undefined;
}

/**
 * Two numbers say whether all is well, so the tensors are looked at only when it is not.
 * @throws CodecLmError `NOT_FINITE` with the step, the first tensor that is not finite, and
 *   where the run can be taken up again
 */
export async function checkFinite(check: FiniteCheck): Promise<void> {
  const { step, loss, gradNorm, checkpoint } = check;
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const parameter = await firstNotFinite(check.parameters);
  const culprit = parameter ?? (await firstNotFinite(check.gradients));
  const kind = parameter === undefined ? 'the gradient of ' : '';
  const where = culprit === undefined ? 'the loss alone' : `first in ${kind}${culprit}`;
  throw new CodecLmError(
    'NOT_FINITE',
    `step ${step}: the loss is ${loss} and the gradient norm ${gradNorm}, ${where}`,
    {
      hint: checkpoint
        ? `the last good checkpoint is ${checkpoint}; lower optim.lr or optim.clipNorm`
        : 'no checkpoint was saved yet; lower optim.lr or optim.clipNorm',
    },
  );
}

async function firstNotFinite(tensors: ReadonlyMap<string, Tensor>): Promise<string | undefined> {
  for (const [name, tensor] of tensors) {
    const values = await tensor.data();
    if (!values.every(Number.isFinite)) return name;
  }
  return undefined;
}
