/** Stops a run with NaN or infinite numbers before it overwrites good ones. */
import type { Tensor } from '@tensorflow/tfjs';
import { CodecLmError } from '../../base/error.ts';
import type { Communicator } from '../distributed/communicator.ts';

export interface FiniteCheck {
  /** Step that is being computed, counted from 1. */
  step: number;
  loss: number;
  /** Global norm of the gradients. */
  gradNorm: number;
  /** By the names of all parameters, in every rank; undefined where another rank has all of one. */
  parameters: ReadonlyMap<string, Tensor | undefined>;
  gradients: ReadonlyMap<string, Tensor | undefined>;
  /** Path of the newest checkpoint. */
  checkpoint: string | undefined;
  /** Ranks share loss and norm, but each has its own gradients. */
  communicator: Communicator;
}

/**
 * Checks loss and norm; the tensors are searched only if one of these is not finite.
 * @throws CodecLmError `NOT_FINITE` with the step, the first tensor that is not finite, and the
 *   checkpoint from which the run can continue
 */
export async function checkFinite(check: FiniteCheck): Promise<void> {
  const { step, loss, gradNorm, checkpoint } = check;
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return;
  const where = await agree(check.communicator, [
    ...(await namesOfBad(check.parameters, '')),
    ...(await namesOfBad(check.gradients, 'the gradient of ')),
  ]);
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

/** A flag for each tensor, with its name in messages. */
async function namesOfBad(
  tensors: ReadonlyMap<string, Tensor | undefined>,
  kind: string,
): Promise<{ name: string; isBad: boolean }[]> {
  const names: { name: string; isBad: boolean }[] = [];
  for (const [name, tensor] of tensors) {
    const isBad = tensor !== undefined && !(await tensor.data()).every(Number.isFinite);
    names.push({ name: `${kind}${name}`, isBad });
  }
  return names;
}

/** Finds the first bad tensor of any rank, so that all ranks report the same. */
async function agree(
  communicator: Communicator,
  tensors: { name: string; isBad: boolean }[],
): Promise<string> {
  const flags = Float64Array.from(tensors, ({ isBad }) => Number(isBad));
  await communicator.allReduce(flags, 'max');
  const first = tensors.find((_, i) => flags[i] > 0);
  return first ? `first in ${first.name}` : 'the loss alone';
}
