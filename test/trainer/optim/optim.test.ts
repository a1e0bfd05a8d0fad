import type { Tensor, Variable } from '@tensorflow/tfjs';
import test from 'ava';
import { AdamW } from '../../../trainer/optim/adamw.ts';
import { clipGradients } from '../../../trainer/optim/clip.ts';
import { learningRate } from '../../../trainer/optim/schedule.ts';
import { backend, difference, random } from '../../helpers/gradcheck.ts';

const { tf } = backend;
const OPTIONS = { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 } as const;
const SHAPES = { 'a.weight': [3, 4], 'norm.weight': [5] };

function parameters(): Map<string, Variable> {
  return new Map(
    Object.entries(SHAPES).map(([name, shape], i) => [name, tf.variable(random(shape, i))]),
  );
}

function gradients(step: number): Map<string, Tensor> {
  return new Map(
    Object.entries(SHAPES).map(([name, shape], i) => [name, random(shape, 10 * step + i)]),
  );
}

/** torch.optim.AdamW for one weight, in double precision. */
function adamw(weight: number, steps: number[], lr: number, decay: number): number {
  let [m, v, w] = [0, 0, weight];
  steps.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.95 * v + 0.05 * g * g;
    w *= 1 - lr * decay;
    w -= (lr / (1 - 0.9 ** (i + 1))) * (m / (Math.sqrt(v / (1 - 0.95 ** (i + 1))) + 1e-8));
  });
  return w;
}

for (const form of backend.native ? (['native', 'plain'] as const) : (['plain'] as const)) {
  test(`${form} AdamW: every weight follows the algorithm; norms do not decay`, (t) => {
    const weights = parameters();
    const before = new Map(
      [...weights].map(([name, w]) => [name, w.dataSync<'float32'>().slice()]),
    );
    const optimizer = new AdamW(backend, weights, OPTIONS, form);
    const steps = [1, 2, 3].map(gradients);
    for (const step of steps) optimizer.apply(step, 0.01);
    for (const [name, weight] of weights) {
      const decay = name === 'norm.weight' ? 0 : 0.1;
      const expected = Array.from(before.get(name)!, (w, i) =>
        adamw(
          w,
          steps.map((step) => step.get(name)!.dataSync()[i]),
          0.01,
          decay,
        ),
      );
      t.true(difference(weight.dataSync(), expected) < 1e-6);
    }
    optimizer.dispose();
  });

  test(`${form} AdamW: goes on from its state to the same bits`, async (t) => {
    const [straight, resumed] = [parameters(), parameters()];
    const first = new AdamW(backend, straight, OPTIONS, form);
    for (const step of [1, 2]) first.apply(gradients(step), 0.01);
    const state = await first.state();
    t.is(state.step, 2);
    t.deepEqual([...state.tensors.keys()].slice(0, 2), ['exp_avg.a.weight', 'exp_avg_sq.a.weight']);
    const kept = structuredClone(state);
    for (const [name, weight] of straight) resumed.get(name)!.assign(weight);
    first.apply(gradients(3), 0.01);
    t.deepEqual(state, kept, 'a state does not change with the optimizer it came from');
    const second = new AdamW(backend, resumed, OPTIONS, form);
    second.load(state);
    second.apply(gradients(3), 0.01);
    for (const [name, weight] of straight) {
      t.deepEqual(resumed.get(name)!.dataSync(), weight.dataSync());
    }
    first.dispose();
    second.dispose();
  });
}

test('AdamW: a state of another model is refused by name', (t) => {
  const optimizer = new AdamW(backend, parameters(), OPTIONS);
  const error = t.throws(() => optimizer.load({ step: 1, tensors: new Map() }), {
    code: 'CHECKPOINT_INVALID',
  });
  t.regex(error!.message, /exp_avg\.a\.weight is missing/);
  optimizer.dispose();
});

test('AdamW: dispose gives everything back', (t) => {
  const weights = parameters();
  const count = () => [tf.memory().numTensors, backend.native?.binding.getNumOfTensors()];
  const before = count();
  new AdamW(backend, weights, OPTIONS).dispose();
  t.deepEqual(count(), before);
});

test('clipGradients: the norm of all, and one factor for all', async (t) => {
  const all = gradients(1);
  const values = () => [...all.values()].flatMap((gradient) => [...gradient.dataSync()]);
  const before = values();
  const norm = Math.hypot(...before);
  t.true(Math.abs((await clipGradients(backend, all, 0)) / norm - 1) < 1e-6);
  t.true(Math.abs((await clipGradients(backend, all, norm * 2)) / norm - 1) < 1e-6);
  t.deepEqual(values(), before);
  t.true(Math.abs((await clipGradients(backend, all, 0.5)) / norm - 1) < 1e-6);
  t.true(Math.abs(Math.hypot(...values()) - 0.5) < 1e-5);
  t.true(
    difference(
      values(),
      before.map((x) => (x * 0.5) / norm),
    ) < 1e-6,
  );
});

test('clipGradients: a gradient that is not finite shows in the norm', async (t) => {
  const bad = new Map([['a', tf.tensor1d([1, Number.NaN])]]);
  t.true(Number.isNaN(await clipGradients(backend, bad, 1)));
});

test('learningRate: up in a line, down in half a cosine', (t) => {
  const schedule = { lr: 1, minLr: 0.1, warmupSteps: 4, steps: 14 };
  t.deepEqual(
    [0, 1, 2, 3].map((step) => learningRate(step, schedule)),
    [0.25, 0.5, 0.75, 1],
  );
  t.is(learningRate(4, schedule), 1);
  t.true(Math.abs(learningRate(9, schedule) - 0.55) < 1e-12);
  t.is(learningRate(14, schedule), 0.1);
  t.is(learningRate(100, schedule), 0.1);
  t.is(learningRate(0, { ...schedule, warmupSteps: 0 }), 1);
});
