import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import test from 'ava';
import { attention } from '../../../trainer/ops/attention/attention.ts';
import { cachedAttention } from '../../../trainer/ops/attention/cached.ts';
import { crossEntropy, nativeForm, plainForm } from '../../../trainer/ops/cross-entropy.ts';
import { embedding, plainSumRowsById, sumRowsById } from '../../../trainer/ops/embedding.ts';
import { mergeHeads, splitHeads } from '../../../trainer/ops/heads.ts';
import { linear } from '../../../trainer/ops/linear.ts';
import { hasOneDnn } from '../../../trainer/ops/one-dnn.ts';
import { rmsNorm } from '../../../trainer/ops/rms-norm.ts';
import { rope, ropeTable } from '../../../trainer/ops/rope.ts';
import { softmax } from '../../../trainer/ops/softmax.ts';
import { silu, swiglu } from '../../../trainer/ops/swiglu.ts';
import {
  backend,
  difference,
  outputAndGradients,
  random,
  worstDifference,
} from '../../helpers/gradcheck.ts';

const { tf } = backend;

/** On the CPUs that tests run on. Were it lost with a new TensorFlow, only the speed would tell. */
const isOneDnnHere =
  backend.device === 'cpu' && backend.name === 'native' && process.arch === 'x64';

/** An op against the same formula in tfjs ops, with tfjs's own gradients. */
function sameAsFormula<T extends Tensor>(
  title: string,
  op: (...inputs: T[]) => Tensor,
  formula: (...inputs: T[]) => Tensor,
  shapes: number[][],
) {
  test(`${title}: value and gradients are those of the formula`, (t) => {
    const inputs = shapes.map((shape, i) => random<T>(shape, i));
    const ours = outputAndGradients(op, inputs);
    const theirs = outputAndGradients(formula, inputs);
    t.true(worstDifference(ours, theirs) < 1e-5, `${worstDifference(ours, theirs)}`);
  });
}

sameAsFormula<Tensor2D>(
  'linear',
  (x, w) => linear(backend, x, w),
  (x, w) => tf.matMul(x, tf.transpose(w)),
  [
    [7, 5],
    [3, 5],
  ],
);

sameAsFormula<Tensor>(
  'rmsNorm',
  (x, w) => rmsNorm(backend, x as Tensor2D, w as Tensor1D, 1e-5),
  (x, w) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), 1, true), 1e-5))), w),
  [[6, 10], [10]],
);

sameAsFormula<Tensor2D>(
  'swiglu',
  (gate, up) => swiglu(backend, gate, up),
  (gate, up) => tf.mul(tf.mul(gate, tf.sigmoid(gate)), up),
  [
    [4, 9],
    [4, 9],
  ],
);

const SIZE = 6;
const TIME = 11;
const table = ropeTable(backend, SIZE, 0, TIME, 100);

sameAsFormula<Tensor4D>(
  'rope',
  (x) => rope(backend, x, table),
  (x) => {
    const [left, right] = tf.split(x, 2, 3);
    const turned = tf.concat([tf.neg(right), left], 3);
    return tf.add(tf.mul(x, table.cos), tf.mul(turned, table.sin));
  },
  [[2, 3, TIME, SIZE]],
);

function attentionFormula(q: Tensor4D, k: Tensor4D, v: Tensor4D): Tensor {
  const share = q.shape[1] / k.shape[1];
  const head = (x: Tensor4D, i: number) =>
    tf.slice(x, [0, Math.floor(i / share), 0, 0], [-1, 1, -1, -1]) as Tensor4D;
  const repeat = (x: Tensor4D) =>
    tf.concat(
      Array.from({ length: q.shape[1] }, (_, i) => head(x, i)),
      1,
    ) as Tensor4D;
  const scores = tf.mul(tf.matMul(q, repeat(k), false, true), 1 / Math.sqrt(q.shape[3]));
  const time = q.shape[2];
  const mask = tf.buffer([time, time]);
  for (let i = 0; i < time; i++) for (let j = i + 1; j < time; j++) mask.set(-1e9, i, j);
  return tf.matMul(tf.softmax(tf.add(scores, mask.toTensor())), repeat(v));
}

for (const [block, kvHeads] of [
  [TIME, 2],
  [4, 2],
  [3, 2],
  [4, 4],
]) {
  sameAsFormula<Tensor4D>(
    `attention in blocks of ${block}, ${kvHeads} key heads`,
    (q, k, v) => attention(backend, q, k, v, block),
    attentionFormula,
    [4, kvHeads, kvHeads].map((heads) => [2, heads, TIME, SIZE]),
  );
}

test('cachedAttention: the last tokens of attention, whatever the pieces', (t) => {
  const [q, k, v] = [4, 2, 2].map((heads, i) => random<Tensor4D>([2, heads, TIME, SIZE], i));
  const full = attention(backend, q, k, v);
  const cut = (x: Tensor4D, start: number, end: number) =>
    tf.slice(x, [0, 0, start, 0], [-1, -1, end - start, -1]) as Tensor4D;
  for (const fresh of [1, 3]) {
    for (const bounds of [
      [0, TIME],
      [0, 5, TIME],
    ]) {
      const pieces = bounds.slice(1).map((end, i) => ({
        k: cut(k, bounds[i], end),
        v: cut(v, bounds[i], end),
      }));
      const output = cachedAttention(backend, cut(q, TIME - fresh, TIME), pieces);
      const expected = cut(full, TIME - fresh, TIME);
      t.true(difference(output.dataSync(), expected.dataSync()) < 1e-5);
    }
  }
});

const ids = tf.tensor1d([2, 0, 2, 4, 4, 4], 'int32');

test('embedding: rows by id; the gradient sums over equal ids', (t) => {
  const weight = random<Tensor2D>([5, 3], 1);
  const oneHot = tf.cast(tf.oneHot(ids, 5), 'float32') as Tensor2D;
  const ours = outputAndGradients((w) => embedding(backend, w as Tensor2D, ids), [weight]);
  const theirs = outputAndGradients((w) => tf.matMul(oneHot, w as Tensor2D), [weight]);
  t.true(worstDifference(ours, theirs) < 1e-6);
});

test('embedding: the native gradient equals the plain one', (t) => {
  const dy = random<Tensor2D>([6, 3], 1);
  const [ours, plain] = [sumRowsById, plainSumRowsById].map((form) =>
    form(backend, dy, ids, 5).dataSync(),
  );
  t.true(difference(ours, plain) < 1e-6);
});

const targets = tf.tensor1d([1, -1, 0, 4, -1, 2], 'int32');

test('crossEntropy: value and gradient of the formula; ignored targets add nothing', (t) => {
  const logits = tf.mul(random<Tensor2D>([6, 5], 3), 30) as Tensor2D;
  const oneHot = tf.cast(tf.oneHot(targets, 5), 'float32');
  const ours = outputAndGradients((x) => crossEntropy(backend, x as Tensor2D, targets), [logits]);
  const theirs = outputAndGradients(
    (x) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(x), oneHot))) as Scalar,
    [logits],
  );
  t.true(worstDifference(ours, theirs) < 1e-5);
});

test('crossEntropy: the native form equals the plain one', (t) => {
  if (!backend.native) return t.pass('no native backend here');
  const logits = random<Tensor2D>([6, 5], 3);
  const [ours, plain] = [nativeForm, plainForm].map((form) => form(backend, logits, targets));
  t.true(difference(ours.losses.dataSync(), plain.losses.dataSync()) < 1e-5);
  t.true(difference(ours.gradient.dataSync(), plain.gradient.dataSync()) < 1e-5);
});

test('softmax: the form of this backend equals that of tfjs; what is hidden is 0, NaN is not lost', (t) => {
  t.is(hasOneDnn(backend, 'softmax'), isOneDnnHere);
  const hidden = tf.tensor([[0, -1e30, 1, -1e30, -1e30]]);
  for (const x of [random([3, 4, 130], 1), tf.mul(random([5, 7], 2), 50), hidden]) {
    t.true(difference(softmax(backend, x).dataSync(), tf.softmax(x).dataSync()) < 1e-6);
  }
  t.is(softmax(backend, hidden).dataSync()[1], 0);
  t.true(
    softmax(backend, tf.tensor([[0, Number.NaN, 1]]))
      .dataSync()
      .some(Number.isNaN),
  );
});

test('silu: the form of this backend equals the formula, far from 0 too', (t) => {
  t.is(hasOneDnn(backend, 'silu'), isOneDnnHere);
  const far = tf.tensor2d([[-1e4, -100, -20, 0, 20, 100, 1e4]]);
  for (const x of [random<Tensor2D>([6, 33], 1), far]) {
    const formula = tf.mul(x, tf.sigmoid(x));
    t.true(difference(silu(backend, x).dataSync(), formula.dataSync()) < 1e-6);
  }
});

test('heads: split and merged is the same', (t) => {
  const x = random<Tensor2D>([2 * 5, 3 * 4], 1);
  const heads = splitHeads(backend, x, 2, 3);
  t.deepEqual(heads.shape, [2, 3, 5, 4]);
  t.deepEqual(mergeHeads(backend, heads).dataSync(), x.dataSync());
});
