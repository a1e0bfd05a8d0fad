/** Negative log-likelihood of the next token, summed over the positions that count. */
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';
import { differentiable, floatType, intType } from './differentiable.ts';

/** Marks a target that does not count. */
export const IGNORED = -1;

interface LossAndGradient {
  /** Loss of each row in nats, [rows]; 0 where the target is ignored. */
  losses: Tensor1D;
  /** Gradient of the sum of the losses, [rows, vocabulary]. */
  gradient: Tensor2D;
}

/**
 * @param logits [rows, vocabulary]
 * @param targets int32 [rows]; `IGNORED` rows add nothing to the loss and get no gradient
 * @returns the sum over rows, in nats
 */
export function crossEntropy(backend: Backend, logits: Tensor2D, targets: Tensor1D): Scalar {
  const { tf } = backend;
  const form = backend.hasKernels ? kernelForm : backend.native ? nativeForm : plainForm;
  return differentiable<Scalar>(
    backend,
    [logits],
    () => {
      const { losses, gradient } = form(backend, logits, targets);
      return { value: tf.sum(losses), saved: [gradient] };
    },
    (dy, [gradient]) => [tf.mul(gradient, dy)],
  );
}

/** log-softmax at the target; its gradient is softmax - one-hot. */
export function plainForm(backend: Backend, logits: Tensor2D, targets: Tensor1D): LossAndGradient {
  const { tf } = backend;
  return tf.tidy(() => {
    const logProbabilities = tf.logSoftmax(logits);
    const counts = tf.expandDims(countedRows(backend, targets), 1);
    // An ignored target is not an id; its one-hot row is set to zero.
    const labels = tf.maximum(targets, tf.scalar(0, 'int32'));
    const oneHot = tf.mul(tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32'), counts);
    return {
      losses: tf.neg(tf.sum(tf.mul(logProbabilities, oneHot), 1)) as Tensor1D,
      gradient: tf.sub(tf.mul(tf.exp(logProbabilities), counts), oneHot) as Tensor2D,
    };
  });
}

/** A single TensorFlow op gives both the loss and its gradient. */
export function nativeForm(backend: Backend, logits: Tensor2D, targets: Tensor1D): LossAndGradient {
  const { tf } = backend;
  const native = backend.native!;
  return tf.tidy(() => {
    const counts = countedRows(backend, targets);
    // The op takes only ids; its results for ignored rows are multiplied by 0.
    const labels = tf.maximum(targets, tf.scalar(0, 'int32'));
    const types = [floatType(native), intType(native, 'Tlabels')];
    const [losses, gradient] = native.run(
      'SparseSoftmaxCrossEntropyWithLogits',
      types,
      [logits, labels],
      2,
    );
    return {
      losses: tf.mul(losses, counts) as Tensor1D,
      gradient: tf.mul(gradient, tf.expandDims(counts, 1)) as Tensor2D,
    };
  });
}

/** Ours: two passes over the logits, and none for targets that do not count. */
export function kernelForm(backend: Backend, logits: Tensor2D, targets: Tensor1D): LossAndGradient {
  const native = backend.native!;
  return backend.tf.tidy(() => {
    const inputs = [logits, targets, backend.tf.scalar(1)];
    const [losses, gradient] = native.run('CodecLmCrossEntropy', [floatType(native)], inputs, 2);
    return { losses: losses as Tensor1D, gradient: gradient as Tensor2D };
  });
}

/** 1 where the target counts, else 0. */
export function countedRows({ tf }: Backend, targets: Tensor1D): Tensor1D {
  return tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32');
}
