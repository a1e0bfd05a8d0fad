import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import test from 'ava';
import { linear } from '../../../trainer/ops/linear.ts';
import { residual } from '../../../trainer/ops/residual.ts';
import { record } from '../../../trainer/ops/tape.ts';
import { backend, random } from '../../helpers/gradcheck.ts';

const { tf } = backend;

/** Two pieces one after the other, each with tfjs's own ops and with ours. */
const piece = (weight: Variable) => (x: Tensor2D) =>
  tf.tidy<Tensor2D>(() => {
    const y = tf.tanh(tf.mul(linear(backend, x, weight as unknown as Tensor2D), 2));
    return residual(backend, tf.mul(x, x), tf.add(y, x)) as Tensor2D;
  });

const values = (tensors: Tensor[]) => tensors.map((tensor) => tensor.dataSync<'float32'>().slice());

function setUp() {
  const weights = [1, 2].map((seed) => tf.tidy(() => tf.variable(random<Tensor2D>([6, 6], seed))));
  return { weights, x: random<Tensor2D>([5, 6], 3), dy: random<Tensor2D>([5, 6], 4) };
}

/** How many tensors lie between the passes: x and the pieces' inputs, or all that was saved. */
function inTurn(isKept: boolean) {
  const { weights, x, dy } = setUp();
  const before = tf.memory().numTensors;
  const inputs: Tensor2D[] = [];
  const kept: ReturnType<typeof record<Tensor2D>>[] = [];
  let y = tf.clone(x);
  for (const weight of weights) {
    inputs.push(y);
    if (isKept) kept.push(record(backend, () => piece(weight)(y)));
    y = isKept ? kept.at(-1)!.output : piece(weight)(y);
    if (isKept) inputs.at(-1)!.dispose();
  }
  y.dispose();
  const held = tf.memory().numTensors - before;
  const gradients: Tensor[] = [];
  let dx = tf.clone(dy);
  for (const [i, weight] of [...weights.entries()].reverse()) {
    const recording = kept[i] ?? record(backend, () => piece(weight)(inputs[i]));
    if (!isKept) recording.output.dispose();
    const [next, gradient] = recording.backward(dx, [inputs[i], weight]);
    if (!isKept) inputs[i].dispose();
    dx = next as Tensor2D;
    gradients.unshift(gradient);
  }
  const results = values([dx, ...gradients]);
  tf.dispose([dx, gradients]);
  const left = tf.memory().numTensors - before;
  tf.dispose([weights, x, dy]);
  return { results, held, left };
}

test('recorded or computed again: bit for bit the gradients of tfjs, and nothing stays behind', (t) => {
  const { weights, x, dy } = setUp();
  const all = (x: Tensor2D) => weights.reduce((y, weight) => piece(weight)(y), x);
  const expected = values(
    tf.grads((x) => all(x as Tensor2D))([x, ...(weights as unknown as Tensor[])], dy),
  );
  const [recorded, again] = [inTurn(true), inTurn(false)];
  t.deepEqual(recorded.results, expected);
  t.deepEqual(again.results, expected);
  t.true(again.held < recorded.held, `${again.held} tensors against ${recorded.held}`);
  t.is(recorded.left, 0);
  t.is(again.left, 0);
});

test('a recording inside of a gradient of tfjs leaves its tape alone', (t) => {
  const { weights, x } = setUp();
  const [weight] = weights;
  const loss = (isNested: boolean) =>
    tf.grads((x) => {
      const y = piece(weight)(x as Tensor2D);
      if (isNested) {
        const { output, dispose } = record(backend, () => piece(weight)(x as Tensor2D));
        output.dispose();
        dispose();
      }
      return tf.sum(tf.square(piece(weight)(y)));
    })([x]);
  t.deepEqual(values(loss(true)), values(loss(false)));
});

test('a tensor that was not used has a gradient of zeros; an error frees what was saved', (t) => {
  const { weights, x, dy } = setUp();
  const before = tf.memory().numTensors;
  const { output, backward } = record(backend, () => piece(weights[0])(x));
  const gradients = backward(tf.clone(dy), [weights[1] as unknown as Tensor, x]);
  t.true(gradients[0].dataSync().every((value) => value === 0));
  t.true(gradients[1].dataSync().some((value) => value !== 0));
  tf.dispose([output, gradients]);
  t.is(tf.memory().numTensors, before);
  const failing = () =>
    record(backend, (): Tensor => {
      piece(weights[0])(x);
      throw new RangeError('on the way');
    });
  t.throws(failing, { instanceOf: RangeError });
  t.is(tf.memory().numTensors, before);
});
