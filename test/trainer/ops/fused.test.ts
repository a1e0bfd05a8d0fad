/** The halves of a block on this project's kernels, beside the same of TensorFlow's ops. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import type { Backend } from '../../../compute/choose.ts';
import { attentionHalf, feedForwardHalf, type Pass } from '../../../trainer/model/block.ts';
import { type LlamaConfig, parameterShapes } from '../../../trainer/model/config.ts';
import { crossEntropy } from '../../../trainer/ops/cross-entropy.ts';
import { withOps } from '../../../trainer/ops/fused/with-ops.ts';
import type { Precision } from '../../../trainer/ops/linear.ts';
import { ropeTable } from '../../../trainer/ops/rope.ts';
import { backend, outputAndGradients, random, worstDifference } from '../../helpers/gradcheck.ts';

const { tf } = backend;
/** The same backend without the kernels: what runs where they cannot be compiled, and on GPUs. */
const plain: Backend = { ...backend, hasKernels: false };
const withKernels = backend.hasKernels ? test : test.skip;
const why = backend.hasKernels ? '' : ' [skipped: no kernels are compiled here]';

const CONFIG: LlamaConfig = {
  ...{ vocabSize: 7, hiddenSize: 24, layers: 1, heads: 4, kvHeads: 4, intermediateSize: 40 },
  ...{ ropeTheta: 10_000, normEps: 1e-5, tieEmbeddings: false, maxPositions: 400 },
  ...{ bosId: 4, eosId: 5, padId: 6 },
};

const CASES: Record<
  string,
  { config: LlamaConfig; batch: number; time: number; segments?: number }
> = {
  'a block of queries': { config: CONFIG, batch: 2, time: 9 },
  'several blocks, the last one short': { config: CONFIG, batch: 2, time: 300 },
  'grouped keys': { config: { ...CONFIG, kvHeads: 2 }, batch: 2, time: 270 },
  'one key head, segments': {
    config: { ...CONFIG, kvHeads: 1 },
    batch: 3,
    time: 200,
    segments: 70,
  },
};

/** Output and gradients of both halves, of their input and weights. */
function halves(on: Backend, name: string, precision: Precision): Float32Array[] {
  const { config, batch, time, segments } = CASES[name];
  const ids =
    segments && Int32Array.from({ length: batch * time }, (_, i) => Math.floor(i / segments));
  const pass: Pass = {
    ...{ backend: on, config, batch, precision },
    table: ropeTable(on, config.hiddenSize / config.heads, 0, time, config.ropeTheta),
    segments: ids ? tf.tensor2d(ids, [batch, time], 'int32') : undefined,
  };
  const x = random([batch * time, config.hiddenSize], 77);
  return [attentionHalf, feedForwardHalf].flatMap((half, lower) => {
    const shapes = [...parameterShapes(config)].filter(
      ([weight]) =>
        weight.includes('layers.0') && /post_attention|mlp/.test(weight) === (lower === 1),
    );
    const inputs = shapes.map(([, shape], i) => random(shape, i));
    const named = (weights: Tensor[]) => new Map(shapes.map(([weight], i) => [weight, weights[i]]));
    return outputAndGradients(
      (rows, ...weights) => half(pass, named(weights), 0, rows as Tensor2D),
      [x, ...inputs],
    );
  });
}

for (const name of Object.keys(CASES)) {
  withKernels(`${name}: output and every gradient are those of the plain ops${why}`, (t) => {
    const worst = worstDifference(halves(backend, name, 'fp32'), halves(plain, name, 'fp32'));
    t.true(worst < 2e-6, `${worst}`);
  });

  withKernels(`${name}, bf16: the same but for single roundings${why}`, (t) => {
    const worst = worstDifference(halves(backend, name, 'bf16'), halves(plain, name, 'bf16'));
    // A number that rounds the other way differs by 2^-8.
    t.true(worst < 8e-3, `${worst}`);
    const wide = worstDifference(halves(backend, name, 'fp32'), halves(backend, name, 'bf16'));
    t.true(wide > 1e-4, 'bf16 was computed in fp32');
  });
}

withKernels(`the same bits each time, whatever the threads do${why}`, (t) => {
  const name = 'several blocks, the last one short';
  const first = halves(backend, name, 'fp32');
  for (let i = 0; i < 5; i++) t.deepEqual(halves(backend, name, 'fp32'), first);
});

withKernels(`cross entropy: loss and gradient are those of the plain ops${why}`, (t) => {
  const ids = tf.tensor1d([3, -1, 0, 99, 57, -1], 'int32');
  const logits = tf.mul(random([6, 100], 3), 20) as Tensor2D;
  const of = (on: Backend) =>
    outputAndGradients((x) => crossEntropy(on, x as Tensor2D, ids), [logits]);
  t.true(worstDifference(of(backend), of(plain)) < 2e-6);
});

withKernels(`a number that is none stays one${why}`, (t) => {
  const x = tf.tensor2d([1, Number.NaN, Number.POSITIVE_INFINITY, -2], [2, 2]);
  for (const precision of ['fp32', 'bf16'] as const) {
    const values = withOps(backend, precision, (ops) => {
      const [input, weight] = [ops.of(x), ops.of(tf.ones([2]))];
      const [y] = ops.rmsNorm(input, weight, 1e-5);
      return ops.take(ops.wide(y)).dataSync();
    });
    t.true(values.every(Number.isNaN) || Number.isNaN(values[0] + values[2]), `${values}`);
    t.true(Number.isNaN(values[1]), `${values}`);
  }
});

withKernels(`shapes that do not fit are refused, and the process goes on${why}`, (t) => {
  const x = tf.zeros([4, 6]);
  const cases: Parameters<typeof withOps>[2][] = [
    (ops) => ops.rmsNorm(ops.of(x), ops.of(tf.ones([5])), 1e-5),
    (ops) => ops.swiglu(ops.of(x), ops.of(tf.zeros([4, 5]))),
    (ops) => ops.residual(ops.of(x), ops.of(tf.zeros([5, 6]))),
    (ops) => ops.causalSoftmax(ops.of(tf.zeros([1, 4, 3])), 1),
    (ops) => ops.firstRows(ops.of(tf.zeros([2, 3, 1])), 4),
    (ops) => ops.addToFirst(ops.of(tf.zeros([1, 2, 3])), ops.of(tf.zeros([1, 3, 3]))),
    (ops) => {
      const layout = { batch: 2, heads: 4, queriesPerKey: 1, block: 2, blocks: 1, scale: 1 };
      return ops.splitHeads(ops.of(x), layout);
    },
  ];
  for (const [i, work] of cases.entries()) {
    const error = t.throws(() => withOps(backend, 'fp32', work), undefined, `case ${i}`);
    t.regex(
      error!.message,
      /Residual|RmsNorm|Swiglu|CausalSoftmax|FirstRows|AddToFirst|SplitHeads/,
    );
  }
});
