/** Sharded moments beside one process that has them whole: the same weights, whatever the number of ranks. */
import test from 'ava';
import type { RankedOptimizer } from '../../../trainer/distributed/ranked.ts';
import { ReplicatedAdamW } from '../../../trainer/distributed/replicated.ts';
import { single } from '../../../trainer/distributed/single.ts';
import { ShardedAdamW } from '../../../trainer/distributed/zero.ts';
import type { AdamWState } from '../../../trainer/optim/adamw.ts';
import { backend, difference, random } from '../../helpers/gradcheck.ts';
import { ranksInProcess } from '../../helpers/ranks.ts';

/** Borders of shares fall into matrices and norms; one rank of five has no whole parameter. */
const SHAPES: Record<string, number[]> = { a: [7, 3], norm: [5], b: [4, 4], c: [1, 1] };
const OPTIONS = { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 } as const;
const STEPS = 3;
const { tf } = backend;

const parameters = () =>
  new Map(
    Object.entries(SHAPES).map(
      ([name, shape], i) => [name, tf.variable(random(shape, i))] as const,
    ),
  );

/** Gradients of one of `size` ranks; the sum over ranks does not depend on their number. */
const gradients = (step: number, size: number) =>
  new Map(
    Object.entries(SHAPES).map(([name, shape], i) => [
      name,
      tf.tidy(() => tf.div(random(shape, 100 * (step + 1) + i), size)),
    ]),
  );

interface Outcome {
  weights: Float32Array[];
  norms: number[];
  state: AdamWState;
}

/** @param begin moments and steps done before */
async function train(
  make: (weights: ReturnType<typeof parameters>) => RankedOptimizer,
  size: number,
  clipNorm: number,
  begin?: AdamWState,
): Promise<Outcome> {
  const weights = parameters();
  const optimizer = make(weights);
  if (begin) optimizer.load(begin);
  const norms: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    norms.push(await optimizer.step(gradients(step, size), 0.01, clipNorm, async () => {}));
  }
  const tensors: AdamWState['tensors'] = new Map();
  const shapes = optimizer.momentShapes();
  for await (const [name, data] of optimizer.moments()) {
    tensors.set(name, { shape: shapes.get(name)!, data: data.slice() });
  }
  const values = [...weights.values()].map((weight) => weight.dataSync<'float32'>().slice());
  optimizer.dispose();
  for (const weight of weights.values()) weight.dispose();
  return { weights: values, norms, state: { step: STEPS, tensors } };
}

const whole = (clipNorm: number, begin?: AdamWState) =>
  train((weights) => new ReplicatedAdamW(backend, single, weights, OPTIONS), 1, clipNorm, begin);

const sharded = (size: number, clipNorm: number, begin?: AdamWState) =>
  Promise.all(
    ranksInProcess(size).map((communicator) =>
      train(
        (weights) => new ShardedAdamW(backend, communicator, weights, OPTIONS),
        size,
        clipNorm,
        begin,
      ),
    ),
  );

const CLOSE = 1e-5;

for (const size of [1, 2, 5]) {
  for (const clipNorm of [0, 0.5]) {
    test.serial(
      `${size} ranks, clipped at ${clipNorm}: weights, norms and moments of one process`,
      async (t) => {
        const expected = await whole(clipNorm);
        for (const { weights, norms, state } of await sharded(size, clipNorm)) {
          for (const [i, values] of weights.entries()) {
            t.true(difference(values, expected.weights[i]) < CLOSE, Object.keys(SHAPES)[i]);
          }
          t.true(difference(norms, expected.norms) < CLOSE);
          t.deepEqual([...state.tensors.keys()], [...expected.state.tensors.keys()]);
          for (const [name, { shape, data }] of expected.state.tensors) {
            t.deepEqual(state.tensors.get(name)!.shape, shape);
            t.true(difference(state.tensors.get(name)!.data, data) < CLOSE, name);
          }
        }
      },
    );
  }
}

test.serial('moments that one process saved go on in three ranks', async (t) => {
  const first = await whole(0);
  const expected = await whole(0, first.state);
  for (const { weights } of await sharded(3, 0, first.state)) {
    for (const [i, values] of weights.entries()) {
      t.true(difference(values, expected.weights[i]) < CLOSE);
    }
  }
  t.true(difference(first.weights[0], expected.weights[0]) > 100 * CLOSE, 'they make a difference');
});

test.serial('a moment that is missing or of another shape is refused by its name', (t) => {
  const weights = parameters();
  const optimizer = new ShardedAdamW(backend, single, weights, OPTIONS);
  const tensors: AdamWState['tensors'] = new Map(
    [...optimizer.momentShapes()].map(([name, shape]) => [
      name,
      { shape, data: new Float32Array(shape.reduce((product, length) => product * length, 1)) },
    ]),
  );
  optimizer.load({ step: 1, tensors });
  tensors.set('exp_avg_sq.b', { shape: [16], data: new Float32Array(16) });
  const refused = { code: 'CHECKPOINT_INVALID', message: /exp_avg_sq\.b/ };
  t.throws(() => optimizer.load({ step: 1, tensors }), refused);
  tensors.delete('exp_avg_sq.b');
  t.throws(() => optimizer.load({ step: 1, tensors }), refused);
  optimizer.dispose();
});

test.serial('a norm that is refused leaves the weights as they were', async (t) => {
  const weights = parameters();
  const optimizer = new ShardedAdamW(backend, single, weights, OPTIONS);
  const before = [...weights.values()].map((weight) => weight.dataSync<'float32'>().slice());
  const step = optimizer.step(gradients(0, 1), 0.01, 0, async () => {
    throw new RangeError('not finite');
  });
  await t.throwsAsync(step, { instanceOf: RangeError });
  t.deepEqual(
    [...weights.values()].map((weight) => weight.dataSync<'float32'>()),
    before,
  );
});
