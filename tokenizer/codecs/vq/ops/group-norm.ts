/** Group normalization (Wu and He 2018): channels of a group and all pixels have mean 0 and variance 1. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../../compute/choose.ts';
import { differentiable, flag, floatType } from '../../../../compute/differentiable.ts';
import type { NativeOps } from '../../../../compute/native.ts';

/** That of diffusers' VQModel. */
const EPSILON = 1e-6;

/**
 * y = (x - mean) r scale + shift with r = 1 / sqrt(variance + epsilon), of each image and group. All
 * that is not one number a channel is done in as few passes over the image as can be.
 * @param x [batch, height, width, channels]
 * @param scale [channels]
 * @param shift [channels]
 * @param groups divides channels
 */
export function groupNorm(
  backend: Backend,
  x: Tensor4D,
  scale: Tensor1D,
  shift: Tensor1D,
  groups: number,
): Tensor4D {
  const { tf } = backend;
  const [batch, height, width, channels] = x.shape;
  const shared = (values: Tensor) => meanOfGroup(backend, values, groups);
  return differentiable<Tensor4D>(
    backend,
    [x, scale, shift],
    () => {
      // The op of TensorFlow takes the variance of a sample, so it wants two pixels.
      if (backend.native && batch === 1 && height * width > 1) {
        return normalizedByOps(backend, backend.native, { x, scale, shift }, shared);
      }
      const mean = shared(tf.mean(x, [1, 2], true)); // [batch, 1, 1, channels]
      const centred = tf.sub(x, mean);
      const variance = shared(tf.mean(tf.square(centred), [1, 2], true));
      const r = tf.rsqrt(tf.add(variance, EPSILON));
      const value = tf.add(tf.mul(centred, tf.mul(r, scale)), shift) as Tensor4D;
      return { value, saved: [x, scale, mean, r] };
    },
    (dy, [input, weight, mean, r]) =>
      tf.tidy(() => {
        // With n = (x - mean) r and g = dy scale:  dx = r (g - mean of g - n mean of (g n)), all means
        // over the group's pixels. Sums of dy and dy x over pixels say all of it.
        const meanDy = tf.mean(dy, [1, 2], true);
        const meanDyX = tf.mean(tf.mul(dy, input), [1, 2], true);
        const meanDyN = tf.mul(tf.sub(meanDyX, tf.mul(meanDy, mean)), r); // [batch, 1, 1, channels]
        const meanG = shared(tf.mul(meanDy, weight));
        const meanGN = shared(tf.mul(meanDyN, weight));
        const ofDy = tf.mul(r, weight);
        const ofX = tf.neg(tf.mul(tf.square(r), meanGN));
        const rest = tf.neg(tf.add(tf.mul(r, meanG), tf.mul(ofX, mean)));
        const dx = tf.add(tf.add(tf.mul(dy, ofDy), tf.mul(input, ofX)), rest);
        const pixels = height * width;
        const total = (means: Tensor) =>
          tf.reshape(tf.mul(tf.sum(means, 0), pixels), [channels]) as Tensor1D;
        return [dx, total(meanDyN), total(meanDy)];
      }),
  );
}

interface Normalized {
  x: Tensor4D;
  scale: Tensor1D;
  shift: Tensor1D;
}

/**
 * One image by TensorFlow's batch normalization: once for mean and variance of each channel, once with
 * those of the groups. That takes a tenth of the time.
 */
function normalizedByOps(
  backend: Backend,
  native: NativeOps,
  { x, scale, shift }: Normalized,
  shared: (values: Tensor) => Tensor,
) {
  const { tf } = backend;
  const [, height, width, channels] = x.shape;
  const pixels = height * width;
  const none = tf.tensor1d([]);
  const run = (isTraining: boolean, mean: Tensor, variance: Tensor) =>
    native.run(
      'FusedBatchNormV3',
      [
        floatType(native),
        floatType(native, 'U'),
        { name: 'epsilon', type: native.binding.TF_ATTR_FLOAT, value: EPSILON },
        { name: 'exponential_avg_factor', type: native.binding.TF_ATTR_FLOAT, value: 1 },
        { name: 'data_format', type: native.binding.TF_ATTR_STRING, value: 'NHWC' },
        flag(native, 'is_training', isTraining),
      ],
      [x, scale, shift, mean, variance],
      6,
    );
  const perImage = (values: Tensor) => tf.reshape(values, [1, 1, 1, channels]);
  const [, means, variances] = run(true, none, none);
  const mean = shared(perImage(means));
  // The op gives the variance of a sample: of all but one pixel.
  const within = tf.mul(perImage(variances), (pixels - 1) / pixels);
  const between = tf.square(tf.sub(perImage(means), mean));
  const variance = shared(tf.add(within, between));
  const [value] = run(false, tf.reshape(mean, [channels]), tf.reshape(variance, [channels]));
  const r = tf.rsqrt(tf.add(variance, EPSILON));
  return { value: value as Tensor4D, saved: [x, scale, mean, r] };
}

/** [batch, 1, 1, channels] -> the same, with the mean of its group in each channel. */
function meanOfGroup({ tf }: Backend, values: Tensor, groups: number): Tensor {
  const [batch, , , channels] = values.shape;
  const grouped = tf.reshape(values, [batch, 1, groups, channels / groups]);
  const means = tf.mean(grouped, 3, true);
  return tf.reshape(tf.tile(means, [1, 1, 1, channels / groups]), values.shape);
}
