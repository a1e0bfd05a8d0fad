/** A comparison is worth something only if both sides train the same model. */
import test from 'ava';
import { configOf, OPTIONS } from '../../../bench/trainer/model.ts';
import { plainLoss } from '../../../bench/trainer/plain.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import { lossAndGradients } from '../../../trainer/model/loss.ts';
import { difference } from '../../helpers/gradcheck.ts';

test('the plain tfjs model of the benchmark has the loss and the gradients of ours', async (t) => {
  const backend = await chooseBackend();
  const { tf } = backend;
  const sizes = {
    vocab: 31,
    hidden: 16,
    layers: 2,
    heads: 4,
    intermediate: 24,
    batch: 2,
    time: 20,
  };
  const config = configOf({ ...OPTIONS, ...sizes });
  const model = createLlama(backend, config, 0);
  const [inputs, targets] = [3, 5].map((k) =>
    Int32Array.from({ length: 40 }, (_, i) => (i * k) % 31),
  );
  const ours = lossAndGradients(model, inputs, targets, 2, 1 / 40);
  const plain = tf.variableGrads(
    () => plainLoss(backend, config, model.parameters, inputs, targets, 2),
    [...model.parameters.values()],
  );
  t.true(Math.abs(plain.value.dataSync()[0] / (ours.lossSum / 40) - 1) < 1e-5);
  for (const [name, { name: key }] of model.parameters) {
    const [a, b] = [ours.gradients.get(name)!, plain.grads[key]].map((x) =>
      x.dataSync<'float32'>(),
    );
    const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    t.true(difference(a, b) / Math.min(1, largest) < 1e-4, name);
  }
});
