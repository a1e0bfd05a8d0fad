/** Ops of the VQ model: their values beside plain forms, their gradients beside differences. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import test from 'ava';
import {
  convolve,
  kernelGradientByPlaces,
  type Stride,
} from '../../../../../tokenizer/codecs/vq/ops/convolution.ts';
import { doubleSize } from '../../../../../tokenizer/codecs/vq/ops/double.ts';
import { groupNorm } from '../../../../../tokenizer/codecs/vq/ops/group-norm.ts';
import { swish } from '../../../../../tokenizer/codecs/vq/ops/swish.ts';
import { backend, difference, outputAndGradients, random } from '../../../../helpers/gradcheck.ts';

const { tf } = backend;
const STEP = 1e-2;

/**
 * The largest difference between gradients of sum(op * random) and central differences in 64 bits, over
 * some elements of each input.
 */
function awayFromDifferences(op: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): number {
  const [, ...gradients] = outputAndGradients(op, inputs);
  const weights = random(op(...inputs).shape, 99).dataSync();
  const sumAt = (moved: Tensor[]) =>
    op(...moved)
      .dataSync<'float32'>()
      .reduce((sum, value, i) => sum + value * weights[i], 0);
  let worst = 0;
  for (const [n, input] of inputs.entries()) {
    const data = input.dataSync();
    const scale = gradients[n].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    for (let i = 0; i < data.length; i += Math.ceil(data.length / 12)) {
      const [up, down] = [STEP, -STEP].map((step) => {
        const moved = Float32Array.from(data);
        moved[i] += step;
        return sumAt(inputs.map((other, m) => (m === n ? tf.tensor(moved, input.shape) : other)));
      });
      worst = Math.max(worst, Math.abs((up - down) / (2 * STEP) - gradients[n][i]) / scale);
    }
  }
  return worst;
}

for (const [side, stride, batch] of [
  [3, 1, 2],
  [1, 1, 1],
  [3, 2, 2],
] as const) {
  test(`convolution ${side}x${side}, stride ${stride}: its gradient is that of differences`, (t) => {
    const inputs = [random([batch, 6, 4, 3], 1), random([side, side, 3, 5], 2), random([5], 3)];
    const op = (x: Tensor, kernel: Tensor, bias: Tensor) =>
      convolve(backend, x as Tensor4D, kernel as Tensor4D, bias as Tensor1D, stride as Stride);
    const away = awayFromDifferences(op as (...all: Tensor[]) => Tensor, inputs);
    t.true(away < 2e-3, `${away}`);
    // Both forms of the kernel's gradient, whichever the backend takes.
    const [, , gradient] = outputAndGradients(op as (...all: Tensor[]) => Tensor, inputs);
    const dy = random<Tensor4D>(op(inputs[0], inputs[1], inputs[2]).shape, 99);
    const byPlaces = kernelGradientByPlaces(
      backend,
      inputs[0] as Tensor4D,
      inputs[1] as Tensor4D,
      dy,
      stride as Stride,
    );
    t.true(difference(byPlaces.dataSync(), gradient) < 1e-5);
  });
}

test('stride 2 adds zeros on the right and at the bottom only', (t) => {
  const x = random<Tensor4D>([1, 4, 4, 2], 1);
  const [kernel, bias] = [random<Tensor4D>([3, 3, 2, 3], 2), random<Tensor1D>([3], 3)];
  const padded = tf.pad(x, [
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 0],
  ]) as Tensor4D;
  const plain = tf.add(tf.conv2d(padded, kernel, 2, 'valid'), bias);
  const found = convolve(backend, x, kernel, bias, 2);
  t.deepEqual(found.shape, [1, 2, 2, 3]);
  t.true(difference(found.dataSync(), plain.dataSync()) < 1e-6);
});

for (const batch of [1, 3]) {
  test(`group norm of ${batch}: values and gradient`, (t) => {
    const inputs = [random([batch, 3, 5, 8], 4), random([8], 5), random([8], 6)];
    const op = (x: Tensor, scale: Tensor, shift: Tensor) =>
      groupNorm(backend, x as Tensor4D, scale as Tensor1D, shift as Tensor1D, 4);
    const away = awayFromDifferences(op as (...all: Tensor[]) => Tensor, inputs);
    t.true(away < 3e-3, `${away}`);
    const [x, scale, shift] = inputs;
    const grouped = tf.reshape(x, [batch, 15, 4, 2]);
    const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
    const variance = tf.mean(tf.square(centred), [1, 3], true);
    const even = tf.reshape(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-6))), x.shape);
    const plain = tf.add(tf.mul(even, scale), shift);
    t.true(difference(op(x, scale, shift).dataSync(), plain.dataSync()) < 1e-5);
  });
}

test('swish and doubling: gradients', (t) => {
  const x = random([2, 4, 2, 3], 7);
  const swished = awayFromDifferences((y) => swish(backend, y as Tensor4D), [x]);
  t.true(swished < 1e-3, `${swished}`);
  const doubled = awayFromDifferences((y) => doubleSize(backend, y as Tensor4D), [x]);
  t.true(doubled < 1e-3, `${doubled}`);
  const found = doubleSize(backend, x as Tensor4D).arraySync();
  t.deepEqual(found[1][5][3], (x.arraySync() as number[][][][])[1][2][1]);
});
