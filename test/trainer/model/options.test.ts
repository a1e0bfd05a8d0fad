/** Options of a forward pass and of the loss: checkpointing, segments, z-loss, QK-norm, bf16. */
import type { Tensor } from '@tensorflow/tfjs';
import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import { type LossOptions, lossAndGradients, lossSum } from '../../../trainer/model/loss.ts';
import { difference } from '../../helpers/gradcheck.ts';

const backend = await chooseBackend();
const { tf } = backend;

const CONFIG: LlamaConfig = {
  vocabSize: 23,
  hiddenSize: 16,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  intermediateSize: 24,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: true,
  maxPositions: 200,
  bosId: 20,
  eosId: 21,
  padId: 22,
};
const BATCH = 2;
const TIME = 150;
const inputs = Int32Array.from({ length: BATCH * TIME }, (_, i) => (i * i * 7 + (i % 5)) % 20);
const targets = Int32Array.from(inputs, (_, i) => (i % 7 === 0 ? -1 : (i * 3) % 20));

function run(options: LossOptions, config = CONFIG) {
  const model = createLlama(backend, config, 5);
  const result = lossAndGradients(model, inputs, targets, BATCH, 0.01, options);
  const gradients = new Map(
    [...result.gradients].map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]),
  );
  tf.dispose([...result.gradients.values()] as Tensor[]);
  model.dispose();
  return { lossSum: result.lossSum, gradients };
}

test('checkpointing changes no bit of loss and gradients', (t) => {
  const segments = Int32Array.from(inputs, (_, i) => Math.floor(i / 60));
  for (const options of [{}, { segments, zLoss: 1e-3 }]) {
    t.deepEqual(run({ ...options, checkpointing: true }), run(options));
  }
});

test('options leave no tensors behind', (t) => {
  const segments = new Int32Array(inputs.length);
  const options: LossOptions = { checkpointing: true, segments, zLoss: 1e-3, precision: 'bf16' };
  const alive = [1, 2].map(() => {
    run(options, { ...CONFIG, qkNorm: true });
    return [tf.memory().numTensors, backend.native?.binding.getNumOfTensors() ?? 0];
  });
  t.deepEqual(alive[1], alive[0]);
});

test('documents that share a row and see only themselves learn as in rows of their own', (t) => {
  // Rotary positions count only as differences, so a document that begins later is the same.
  const model = createLlama(backend, CONFIG, 5);
  const segments = Int32Array.from(inputs, (_, i) => (i % TIME < 90 ? 7 : 3));
  const both = lossSum(model, inputs, targets, BATCH, { segments }).lossSum;
  let apart = 0;
  for (const row of [0, TIME]) {
    for (const [start, end] of [
      [0, 90],
      [90, TIME],
    ]) {
      const of = (ids: Int32Array) => ids.subarray(row + start, row + end);
      apart += lossSum(model, of(inputs), of(targets), 1).lossSum;
    }
  }
  const across = lossSum(model, inputs, targets, BATCH).lossSum;
  model.dispose();
  t.true(Math.abs(both / apart - 1) < 1e-5);
  t.true(Math.abs(across / apart - 1) > 1e-5);
});

test('the z-loss is in the gradient, and not in the loss that is reported', (t) => {
  const zLoss = 0.3;
  const [without, with_] = [run({}), run({ zLoss })];
  t.is(with_.lossSum, without.lossSum);
  t.true(
    difference(
      with_.gradients.get('model.norm.weight')!,
      without.gradients.get('model.norm.weight')!,
    ) > 1e-4,
  );
});

test('QK-norm: gradients are slopes of the loss; scaling the projections of q and k changes nothing', (t) => {
  const model = createLlama(backend, { ...CONFIG, qkNorm: true, normEps: 1e-12 }, 5);
  const name = 'model.layers.1.self_attn.q_norm.weight';
  const weight = model.parameters.get(name)!;
  t.deepEqual(weight.shape, [4]);
  // Wider matrices: the loss of a fresh model hardly depends on its attention.
  for (const matrix of model.parameters.values()) {
    if (matrix.shape.length > 1) matrix.assign(tf.mul(matrix, 12));
  }
  const loss = () => lossSum(model, inputs, targets, BATCH).lossSum;
  const { gradients } = lossAndGradients(model, inputs, targets, BATCH);
  const direction = tf.tensor1d([1, -2, 3, 0.5]);
  const slope = tf.sum(tf.mul(gradients.get(name)!, direction)).dataSync()[0];
  const before = weight.clone();
  const at = (step: number) => {
    weight.assign(tf.add(before, tf.mul(direction, step)));
    return loss();
  };
  const measured = (at(0.05) - at(-0.05)) / 0.1;
  t.true(Math.abs(measured - slope) < 0.05 * Math.abs(slope), `${measured} ${slope}`);
  weight.assign(before);
  const unscaled = loss();
  for (const projection of ['q_proj', 'k_proj']) {
    const matrix = model.parameters.get(`model.layers.0.self_attn.${projection}.weight`)!;
    matrix.assign(tf.mul(matrix, 3));
  }
  t.true(Math.abs(loss() / unscaled - 1) < 1e-5);
  model.dispose();
});

test('bf16: loss and gradients are near those in fp32', (t) => {
  const [exact, ours] = [run({}), run({ precision: 'bf16' })];
  t.not(ours.lossSum, exact.lossSum);
  t.true(Math.abs(ours.lossSum / exact.lossSum - 1) < 1e-3);
  for (const [name, gradient] of exact.gradients) {
    const length = Math.hypot(...gradient);
    const error = Math.hypot(...gradient.map((value, i) => value - ours.gradients.get(name)![i]));
    t.true(error < 0.05 * length, `${name}: ${error / length}`);
  }
});
