import type { Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { bf16MatMul, plainBf16MatMul, toBf16 } from '../../../trainer/ops/bf16.ts';
import { linear } from '../../../trainer/ops/linear.ts';
import { backend, difference, outputAndGradients, random } from '../../helpers/gradcheck.ts';

const { tf } = backend;

/** A unit in the last of 8 bits: TensorFlow's kernel for older CPUs cuts results where newer ones round. */
const UNIT = 2 ** -7;

/** The upper half of an fp32 number's bits, rounded to nearest, ties to even: what bfloat16 is. */
function roundBits(value: number): number {
  const float = Float32Array.of(value);
  const bits = new Uint32Array(float.buffer);
  bits[0] += 0x7fff + ((bits[0] >>> 16) & 1);
  bits[0] &= 0xffff0000;
  return float[0];
}

test('toBf16: the nearest number of 8 bits', (t) => {
  const x = random<Tensor2D>([50, 20], 1);
  t.deepEqual([...toBf16(backend, x).dataSync()], [...x.dataSync()].map(roundBits));
});

test('bf16MatMul: the form of this backend equals the plain one, but for the order of sums', (t) => {
  const before = [tf.memory().numTensors, backend.native?.binding.getNumOfTensors() ?? 0];
  tf.tidy(() => {
    for (const [a, b] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const left = random<Tensor2D>(a ? [500, 17] : [17, 500], 1);
      const right = random<Tensor2D>(b ? [9, 500] : [500, 9], 2);
      const ours = bf16MatMul(backend, left, right, { a, b });
      const plain = plainBf16MatMul(backend, left, right, { a, b });
      t.deepEqual(ours.shape, [17, 9]);
      // A sum at the border of two numbers may round to either.
      t.true(difference(ours.dataSync(), plain.dataSync()) <= UNIT);
      // Sums of 500 products that lost bits at each addition would be further off.
      const exact = tf.matMul(toBf16(backend, left), toBf16(backend, right), a, b);
      t.true(difference(ours.dataSync(), exact.dataSync()) <= UNIT);
    }
  });
  t.deepEqual([tf.memory().numTensors, backend.native?.binding.getNumOfTensors() ?? 0], before);
});

test('linear in bf16: value and gradients are near those in fp32, and not the same', (t) => {
  const inputs = [random<Tensor2D>([7, 32], 1), random<Tensor2D>([5, 32], 2)];
  const [exact, ours] = (['fp32', 'bf16'] as const).map((precision) =>
    outputAndGradients((x, w) => linear(backend, x, w, precision), inputs),
  );
  exact.forEach((values, i) => {
    const error = difference(ours[i], values);
    t.true(error > 1e-5 && error < 2 * UNIT, `${error}`);
  });
});
