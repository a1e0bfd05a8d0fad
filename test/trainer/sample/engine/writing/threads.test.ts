/** Several threads write the same bytes as one, and their errors arrive. */
import test from 'ava';
import { WEIGHTS_TYPES, type WeightsType } from '../../../../../schemas/sample.ts';
import { newMemory } from '../../../../../trainer/sample/engine/kernels/module.ts';
import { planLayout } from '../../../../../trainer/sample/engine/regions.ts';
import { WeightWriter } from '../../../../../trainer/sample/engine/weight-writer.ts';
import { writeInThreads } from '../../../../../trainer/sample/engine/writing/threads.ts';
import { BLOCKED_CONFIG, largeWeights } from '../../../../helpers/engine.ts';

const weights = largeWeights(BLOCKED_CONFIG, 3);

/** Room for the model, in two memories. */
function place(type: WeightsType) {
  const plan = { threads: 2, sequences: 1, positions: 64, weights: type, cache: 'fp32' as const };
  const whole = planLayout(BLOCKED_CONFIG, plan);
  const layout = planLayout(BLOCKED_CONFIG, plan, whole.bytes - 1);
  return {
    config: BLOCKED_CONFIG,
    layout,
    memories: layout.regions.map((r) => newMemory(r.bytes)),
  };
}

for (const type of WEIGHTS_TYPES) {
  test(`${type}: three threads write what one does, whatever the order`, async (t) => {
    const [one, several] = [place(type), place(type)];
    t.is(one.memories.length, 2);
    const writer = new WeightWriter(one.config, one.layout, one.memories);
    for (const [name, { data }] of weights) writer.write(name, 0, data);
    await writeInThreads(several, 3, async (sink) => {
      for (const [name, { data }] of [...weights].reverse())
        await sink.write(name, 0, data.slice());
    });
    for (const [i, { buffer }] of one.memories.entries()) {
      t.true(Buffer.from(buffer).equals(Buffer.from(several.memories[i].buffer)));
    }
  });
}

test('a weight that the format cannot hold, at the end too, names its tensor', async (t) => {
  const names = [...weights.keys()].filter((name) => name.includes('_proj'));
  for (const bad of [names[0], names[names.length - 1]]) {
    const error = await t.throwsAsync(
      writeInThreads(place('fp16'), 2, async (sink) => {
        for (const name of names) {
          const values = weights.get(name)!.data.slice();
          if (name === bad) values[5] = 1e6;
          await sink.write(name, 0, values);
        }
      }),
      { code: 'CONFIG_INVALID' },
    );
    t.true(error!.message.startsWith(`${bad}: `), error!.message);
    t.like(error, { hint: 'take the weights as bf16 or fp32' });
  }
});

test('what the reader throws is what is thrown', async (t) => {
  const reading = writeInThreads(place('fp32'), 2, async (sink) => {
    const [[name, { data }]] = weights;
    await sink.write(name, 0, data.slice());
    throw new Error('the file became shorter');
  });
  await t.throwsAsync(reading, { message: 'the file became shorter' });
});
