/** Clipping by the global norm of all gradients (Pascanu et al. 2013, arXiv 1211.5063, algorithm 1). */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { floatType } from '../ops/differentiable.ts';

/** torch.nn.utils.clip_grad_norm_ adds this to the norm that it divides by. */
const TORCH_EPSILON = 1e-6;

/**
 * Scales all gradients of the map by one factor so that their norm is at most `maxNorm`.
 * @param gradients a scaled gradient replaces the old one in the map
 * @param maxNorm highest norm; 0 disables clipping
 * @param sumOverRanks sums the squares over ranks, if each rank has a share of the gradients
 * @returns the norm before clipping; it is NaN or infinite if a gradient is
 */
export async function clipGradients(
  backend: Backend,
  gradients: Map<string, Tensor>,
  maxNorm: number,
  sumOverRanks = async (squares: number) => squares,
): Promise<number> {
  const { tf } = backend;
  // A rank may have no share of the gradients at all.
  const square = tf.tidy(() =>
    gradients.size > 0 ? sumOfSquares(backend, [...gradients.values()]) : tf.scalar(0),
  );
  const norm = Math.sqrt(await sumOverRanks((await square.data())[0]));
  square.dispose();
  const factor = maxNorm / (norm + TORCH_EPSILON);
  if (maxNorm > 0 && factor < 1) {
    for (const [name, gradient] of gradients) {
      gradients.set(name, tf.mul(gradient, factor));
      gradient.dispose();
    }
  }
  return norm;
}

function sumOfSquares({ native, tf }: Backend, tensors: Tensor[]): Scalar {
  if (!native) return tf.addN(tensors.map((x) => tf.sum(tf.square(x))));
  // L2Loss is half of the sum of squares, in one pass.
  const halves = tensors.map((x) => native.run('L2Loss', [floatType(native)], [x], 1)[0]);
  return tf.mul(tf.addN(halves), 2) as Scalar;
}
