import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor2D } from '@tensorflow/tfjs';
import test from 'ava';
import { readSafetensors } from '../../../base/safetensors/safetensors.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { loadLlama } from '../../../trainer/checkpoint/huggingface.ts';
import { KeyValueCache } from '../../../trainer/model/cache.ts';
import { type LlamaConfig, parameterCount } from '../../../trainer/model/config.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import { addGradients, lossAndGradients, lossSum } from '../../../trainer/model/loss.ts';
import { AdamW } from '../../../trainer/optim/adamw.ts';
import { clipGradients } from '../../../trainer/optim/clip.ts';
import { learningRate } from '../../../trainer/optim/schedule.ts';
import { difference } from '../../helpers/gradcheck.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/llama');
const backend = await chooseBackend();
const { tf } = backend;

const CONFIG: LlamaConfig = {
  vocabSize: 23,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  intermediateSize: 24,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 200,
  bosId: 20,
  eosId: 21,
  padId: 22,
};

function someIds(length: number, seed = 1): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * i * 7 + i * seed + (i % 5)) % 20);
}

for (const name of ['plain', 'grouped-tied', 'qk-norm']) {
  test(`${name}: a model saved by transformers gives its logits, loss and gradients`, async (t) => {
    const { job, inputs, targets, scale, expected } = await golden(name);
    const model = await loadLlama(backend, join(GOLDEN, name, 'model'));
    const logits = model.forward(tf.tensor2d(inputs, [job.batch, job.time], 'int32'));
    t.deepEqual(logits.shape, expected.get('logits')!.shape);
    t.true(difference(logits.dataSync(), expected.get('logits')!.data) < 1e-5);
    const result = lossAndGradients(model, inputs, targets, job.batch, scale);
    t.true(
      difference([result.lossSum * scale], expected.get('losses')!.data.subarray(0, 1)) < 1e-5,
    );
    for (const [parameter, gradient] of result.gradients) {
      const peer = expected.get(`gradient.${parameter}`)!.data;
      const largest = Math.max(...peer.map(Math.abs));
      const error = difference(gradient.dataSync(), peer) / Math.min(1, largest);
      t.true(error < 1e-4, `${parameter}: ${error}`);
    }
    model.dispose();
  });

  test(`${name}: steps of AdamW, clipping and schedule are torch's`, async (t) => {
    const { job, inputs, targets, scale, expected } = await golden(name);
    const model = await loadLlama(backend, join(GOLDEN, name, 'model'));
    const optimizer = new AdamW(backend, model.parameters, job.optimizer);
    for (let step = 0; step < job.steps; step++) {
      const result = lossAndGradients(model, inputs, targets, job.batch, scale);
      const norm = await clipGradients(backend, result.gradients, job.clipNorm);
      optimizer.apply(result.gradients, learningRate(step, job.schedule));
      t.true(Math.abs(norm / expected.get('norms')!.data[step] - 1) < 1e-4);
      t.true(Math.abs((result.lossSum * scale) / expected.get('losses')!.data[step] - 1) < 1e-5);
    }
    for (const [parameter, variable] of model.parameters) {
      const peer = expected.get(`trained.${parameter}`)!.data;
      t.true(difference(variable.dataSync(), peer) < 1e-4, parameter);
    }
  });
}

test('decoding with a cache gives the logits of one full pass', (t) => {
  const model = createLlama(backend, { ...CONFIG, layers: 3 }, 5);
  const time = 150;
  const ids = tf.tensor2d(someIds(2 * time), [2, time], 'int32');
  const full = model.forward(ids).arraySync();
  for (const prompt of [1, 70]) {
    const cache = new KeyValueCache(backend);
    const before = tf.memory().numTensors;
    // A prompt, several tokens at once, then one by one past the length of a short piece.
    const ends = [prompt, prompt + 3, ...Array.from({ length: 70 }, (_, i) => prompt + 4 + i)];
    ends.forEach((end, i) => {
      const start = ends[i - 1] ?? 0;
      tf.tidy(() => {
        const fresh = tf.slice(ids, [0, start], [2, end - start]) as Tensor2D;
        const logits = model.forwardCached(fresh, cache).arraySync();
        for (const row of [0, 1]) {
          t.true(difference(logits[row].at(-1)!, full[row][end - 1]) < 1e-4);
        }
      });
    });
    t.is(cache.length, ends.at(-1)!);
    cache.dispose();
    t.is(tf.memory().numTensors, before);
  }
  model.dispose();
});

test('micro batches add up to the whole batch', (t) => {
  const model = createLlama(backend, CONFIG, 5);
  const inputs = someIds(4 * 10);
  const targets = someIds(4 * 10, 3);
  targets.fill(-1, 0, 7);
  const whole = lossAndGradients(model, inputs, targets, 4, 0.5);
  const halves = [0, 20].map((start) =>
    lossAndGradients(
      model,
      inputs.subarray(start, start + 20),
      targets.subarray(start, start + 20),
      2,
      0.5,
    ),
  );
  t.is(whole.tokens, 33);
  t.is(halves[0].tokens + halves[1].tokens, 33);
  t.true(difference([halves[0].lossSum + halves[1].lossSum], [whole.lossSum]) < 1e-5);
  const sum = addGradients(model, halves[0].gradients, halves[1].gradients);
  for (const [name, gradient] of whole.gradients) {
    t.true(difference(sum.get(name)!.dataSync(), gradient.dataSync()) < 1e-5, name);
  }
  t.true(Math.abs(lossSum(model, inputs, targets, 4).lossSum / whole.lossSum - 1) < 1e-5);
  model.dispose();
});

test('a new model: deterministic, near the uniform loss, of the counted size', (t) => {
  const [a, b, c] = [1, 1, 2].map((seed) => createLlama(backend, CONFIG, seed));
  const name = 'model.layers.1.mlp.up_proj.weight';
  const values = (model: typeof a) => model.parameters.get(name)!.dataSync<'float32'>();
  t.deepEqual(values(a), values(b));
  t.notDeepEqual(values(a), values(c));
  const deviation = Math.sqrt(values(a).reduce((sum, x) => sum + x * x, 0) / values(a).length);
  t.true(Math.abs(deviation - 0.02) < 0.003);
  const loss = lossSum(a, someIds(40), someIds(40, 2), 2);
  t.true(Math.abs(loss.lossSum / loss.tokens - Math.log(CONFIG.vocabSize)) < 0.1);
  let count = 0;
  for (const variable of a.parameters.values()) count += variable.size;
  t.is(parameterCount(CONFIG), count);
});

test('training steps leave no tensors behind', async (t) => {
  const model = createLlama(backend, CONFIG, 5);
  const optimizer = new AdamW(backend, model.parameters, {
    betas: [0.9, 0.95],
    eps: 1e-8,
    weightDecay: 0.1,
  });
  const alive: number[][] = [];
  for (let step = 0; step < 4; step++) {
    const { gradients } = lossAndGradients(model, someIds(40), someIds(40, 2), 2);
    await clipGradients(backend, gradients, 1);
    optimizer.apply(gradients, 1e-3);
    tf.dispose([...gradients.values()]);
    alive.push([tf.memory().numTensors, backend.native?.binding.getNumOfTensors() ?? 0]);
  }
  t.deepEqual(alive[3], alive[1]);
});

async function golden(name: string) {
  const job = JSON.parse(await readFile(join(GOLDEN, name, 'batch.json'), 'utf8'));
  const { tensors } = await readSafetensors(join(GOLDEN, name, 'expected.safetensors'));
  const targets = Int32Array.from(job.targets as number[]);
  const scale = 1 / targets.filter((target) => target >= 0).length;
  return { job, inputs: Int32Array.from(job.inputs), targets, scale, expected: tensors };
}
