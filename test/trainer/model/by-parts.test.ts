/** Wide results go by chunks of rows: what that changes, and what lies in memory. */
import type { Tensor } from '@tensorflow/tfjs';
import test from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import type { LlamaConfig } from '../../../trainer/model/config.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import {
  backpropagate,
  type LossOptions,
  lossAndGradients,
  lossSum,
} from '../../../trainer/model/loss.ts';
import { type ModelPart, partsOf } from '../../../trainer/model/parts.ts';
import { rowChunks, rowsPerChunk } from '../../../trainer/model/row-chunks.ts';
import { difference } from '../../helpers/gradcheck.ts';
import { countTensorBytes } from '../../helpers/tensor-bytes.ts';

const backend = await chooseBackend();
const { tf } = backend;

/** So wide that its feed-forward layer and its logits go in chunks of 256 rows. */
const WIDE: LlamaConfig = {
  vocabSize: 2 ** 15,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  kvHeads: 1,
  intermediateSize: 2 ** 15,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: true,
  maxPositions: 1024,
  bosId: 1,
  eosId: 2,
  padId: 3,
};
const ROWS = 700;
const inputs = Int32Array.from({ length: ROWS }, (_, i) => (i * i * 7 + (i % 5)) % 20);
const targets = Int32Array.from(inputs, (_, i) => (i % 7 === 0 ? -1 : (i * 3) % 20));

function gradients(options: LossOptions) {
  const model = createLlama(backend, WIDE, 5);
  const counted = countTensorBytes(tf);
  const result = lossAndGradients(model, inputs, targets, 1, 1 / ROWS, options);
  const values = new Map(
    [...result.gradients].map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]),
  );
  tf.dispose([...result.gradients.values()] as Tensor[]);
  const { lossSum: loss } = lossSum(model, inputs, targets, 1, options);
  model.dispose();
  return { loss: result.lossSum, evaluated: loss, values, peak: counted.peak };
}

test('chunks cover all rows once, and differ by one row at most', (t) => {
  t.is(rowsPerChunk(WIDE.intermediateSize), 256);
  t.deepEqual(rowChunks(100, 10), [{ start: 0, end: 100 }]);
  t.deepEqual(rowChunks(ROWS, WIDE.intermediateSize), [
    { start: 0, end: 233 },
    { start: 233, end: 466 },
    { start: 466, end: 700 },
  ]);
});

test('the feed-forward layer in chunks: the same gradients to rounding, with less in memory', (t) => {
  for (const options of [{}, { zLoss: 1e-3 }]) {
    const whole = gradients(options);
    const chunked = gradients({ ...options, checkpointing: true });
    t.true(Math.abs(chunked.loss / whole.loss - 1) < 1e-6);
    t.true(Math.abs(chunked.evaluated / whole.loss - 1) < 1e-6);
    for (const [name, values] of whole.values) {
      t.true(difference(chunked.values.get(name)!, values) < 1e-6, name);
    }
    // Recorded whole, gate and up and their product lie there for each layer.
    const wide = 4 * ROWS * WIDE.intermediateSize;
    t.true(chunked.peak < whole.peak - 3 * wide, `${chunked.peak} and ${whole.peak}`);
  }
});

test('parts are handed on once each, the output first and the embedding last', async (t) => {
  const config = { ...WIDE, vocabSize: 40, intermediateSize: 24, layers: 3 };
  const model = createLlama(backend, config, 5);
  const expected = lossAndGradients(model, inputs, targets, 1).gradients;
  const parts: ModelPart[] = [];
  const names = [...partsOf(config)].map(([part, shapes]) => [part, [...shapes.keys()]] as const);
  await backpropagate(model, { inputs, targets, batch: 1 }, 1, {}, (part, gradients) => {
    parts.push(part);
    t.deepEqual([...gradients.keys()], new Map(names).get(part));
    for (const [name, gradient] of gradients) {
      t.deepEqual(gradient.dataSync(), expected.get(name)!.dataSync(), name);
    }
    tf.dispose([...gradients.values()]);
  });
  t.deepEqual(parts, ['output', 2, 1, 0, 'embedding']);
  t.deepEqual(
    names.flatMap(([, names]) => names),
    [...model.parameters.keys()],
  );
  tf.dispose([...expected.values()]);
  model.dispose();
});
