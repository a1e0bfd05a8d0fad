import { readFile } from 'node:fs/promises';
import test from 'ava';
import {
  type DecodeSettings,
  decode,
  type SampledSequence,
  type Stepper,
} from '../../trainer/sample/decode.ts';
import {
  type FilterSettings,
  filterLogits,
  logProbability,
  pick,
} from '../../trainer/sample/filter.ts';
import { createRandom } from '../../trainer/sample/random.ts';

interface Golden {
  logits: number[];
  cases: { settings: FilterSettings; probabilities: number[] }[];
}

test('the filtered distributions are those of transformers', async (t) => {
  const path = new URL('../golden/sample/filters.json', import.meta.url);
  const golden: Golden = JSON.parse(await readFile(path, 'utf8'));
  for (const { settings, probabilities } of golden.cases) {
    const ours = filterLogits(Float32Array.from(golden.logits), settings);
    const distance = Math.max(...probabilities.map((p, id) => Math.abs(p - ours[id])));
    t.true(distance < 2e-6, `${JSON.stringify(settings)}: ${distance}`);
  }
  t.is(golden.cases.length, 36);
});

test('a forbidden token has no probability, whatever its logit', (t) => {
  const logits = Float32Array.from([1, 9, 2]);
  const free = { temperature: 1, topK: 1, topP: 1 };
  t.deepEqual([...filterLogits(logits, free, Uint32Array.of(0b101))], [0, 0, 1]);
  t.deepEqual([...filterLogits(logits, { ...free, temperature: 0, topK: 0 })], [0, 1, 0]);
});

test('a draw inverts the cumulative distribution', (t) => {
  const probabilities = Float64Array.of(0, 0.25, 0, 0.75);
  t.is(pick(probabilities, 0), 1);
  t.is(pick(probabilities, 0.2499), 1);
  t.is(pick(probabilities, 0.25), 3);
  t.is(pick(Float64Array.of(0.5, 0.4999999), 0.99999999), 1);
});

test('the log-probability of a token is that of the softmax', (t) => {
  const logits = Float32Array.from([1, 2, 3]);
  const p = Math.exp(2) / (Math.exp(1) + Math.exp(2) + Math.exp(3));
  t.true(Math.abs(logProbability(logits, 1) - Math.log(p)) < 1e-6);
});

test('random streams are uniform, repeatable, and their own for each sample', (t) => {
  const draws = (seed: number, stream: number) => {
    const random = createRandom(seed, stream);
    return Array.from({ length: 4000 }, () => random.next());
  };
  const values = draws(1, 0);
  t.deepEqual(values, draws(1, 0));
  t.notDeepEqual(values, draws(1, 1));
  t.notDeepEqual(values, draws(2, 0));
  t.true(values.every((value) => value >= 0 && value < 1));
  t.true(Math.abs(values.reduce((sum, value) => sum + value, 0) / 4000 - 0.5) < 0.02);
});

const EOS = 3;
const settings: DecodeSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 5,
  maxTokens: 50,
  eosId: EOS,
  bannedIds: [4],
};

/** Logits that depend on the last token only, each sequence by itself. */
function chain(sequences: number): Stepper {
  return {
    async advance(ids, count) {
      const last = Array.from({ length: sequences }, (_, i) => ids[(i + 1) * count - 1]);
      return Float32Array.from(last.flatMap((id) => [id % 3, (id + 1) % 3, 1, -1, 9]));
    },
    dispose() {},
  };
}

async function sample(indices: number[], change: Partial<DecodeSettings> = {}) {
  const requests = indices.map((index) => ({ index }));
  const result: SampledSequence[] = [];
  for await (const sequence of decode(chain(indices.length), requests, [0, 1], {
    ...settings,
    ...change,
  })) {
    result.push(sequence);
  }
  return result.sort((a, b) => a.index - b.index);
}

test('a sample does not depend on those drawn beside it', async (t) => {
  const together = await sample([0, 1, 2, 3]);
  const alone = [await sample([0]), await sample([1]), await sample([2]), await sample([3])];
  t.deepEqual(together, alone.flat());
  t.true(new Set(together.map(({ ids }) => ids.join())).size > 1);
  t.true(together.every(({ ids }) => !ids.includes(4)));
});

test('a sequence ends at <eos> or at the limit', async (t) => {
  const ended = await sample([0, 1, 2, 3]);
  t.true(ended.every(({ ids, finish }) => finish === 'eos' && !ids.includes(EOS)));
  const cut = await sample([0, 1, 2, 3], { maxTokens: 2, bannedIds: [EOS, 4] });
  t.true(cut.every(({ ids, finish }) => finish === 'length' && ids.length === 2));
});
