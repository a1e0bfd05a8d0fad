import type { Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { zLoss } from '../../../trainer/ops/z-loss.ts';
import { backend, outputAndGradients, random, worstDifference } from '../../helpers/gradcheck.ts';

const { tf } = backend;
const targets = tf.tensor1d([1, -1, 0, 4, -1, 2], 'int32');
const counted = tf.tensor1d([1, 0, 1, 1, 0, 1]);

test('zLoss: value and gradient of the formula; ignored targets add nothing', (t) => {
  const logits = tf.mul(random<Tensor2D>([6, 5], 3), 4) as Tensor2D;
  const ours = outputAndGradients((x) => zLoss(backend, x as Tensor2D, targets), [logits]);
  const theirs = outputAndGradients(
    (x) => tf.sum(tf.mul(tf.square(tf.log(tf.sum(tf.exp(x), 1))), counted)),
    [logits],
  );
  t.true(worstDifference(ours, theirs) < 1e-5);
});
