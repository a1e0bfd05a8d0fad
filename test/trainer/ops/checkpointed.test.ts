import type { Tensor2D, Variable } from '@tensorflow/tfjs';
import test from 'ava';
import { checkpointed } from '../../../trainer/ops/checkpointed.ts';
import { linear } from '../../../trainer/ops/linear.ts';
import { backend, random } from '../../helpers/gradcheck.ts';

const { tf } = backend;

/** Two pieces one after the other: the outer gradient goes on after an inner one. */
function gradients(keep: boolean): { values: Float32Array[]; held: number } {
  const weights = [1, 2].map((seed) => tf.tidy(() => tf.variable(random<Tensor2D>([6, 6], seed))));
  const x = random<Tensor2D>([5, 6], 3);
  let held = 0;
  const piece = (weight: Variable) => (x: Tensor2D) =>
    tf.tidy<Tensor2D>(() => tf.tanh(tf.mul(linear(backend, x, weight as unknown as Tensor2D), 2)));
  const { value, grads } = tf.variableGrads(() => {
    const before = tf.memory().numTensors;
    let y = x;
    for (const weight of weights) {
      const f = piece(weight);
      y = keep ? f(y) : checkpointed(backend, y, [weight], f);
    }
    held = tf.memory().numTensors - before;
    return tf.sum(tf.square(y));
  }, weights);
  const values = weights.map(({ name }) => grads[name].dataSync<'float32'>());
  tf.dispose([weights, value, Object.values(grads), x]);
  return { values, held };
}

test('checkpointed: the gradients are bit for bit those without it, and less is held', (t) => {
  const [plain, ours] = [gradients(true), gradients(false)];
  t.deepEqual(ours.values, plain.values);
  t.true(ours.held < plain.held, `${ours.held} tensors against ${plain.held}`);
});

test('checkpointed: nothing stays behind', (t) => {
  gradients(false);
  const before = tf.memory().numTensors;
  gradients(false);
  t.is(tf.memory().numTensors, before);
});
