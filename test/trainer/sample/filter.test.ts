import { readFile } from 'node:fs/promises';
import test from 'ava';
import { randomFractions } from '../../../base/random.ts';
import { anyBut, drawToken } from '../../../trainer/sample/draw.ts';
import { type FilterSettings, filterLogits, pick } from '../../../trainer/sample/filter.ts';

interface Golden {
  logits: number[];
  cases: { settings: FilterSettings; probabilities: number[] }[];
}

test('the filtered distributions are those of transformers', async (t) => {
  const path = new URL('../../golden/sample/filters.json', import.meta.url);
  const golden: Golden = JSON.parse(await readFile(path, 'utf8'));
  for (const { settings, probabilities } of golden.cases) {
    const ours = filterLogits(Float32Array.from(golden.logits), settings);
    const distance = Math.max(...probabilities.map((p, id) => Math.abs(p - ours[id])));
    t.true(distance < 2e-6, `${JSON.stringify(settings)}: ${distance}`);
  }
  t.is(golden.cases.length, 60);
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

test('a token is reported with what the model itself held of it', (t) => {
  const logits = Float32Array.from([1, 2, 3]);
  const lnP = (logit: number) => logit - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3));
  const settings = { temperature: 0, topK: 0, topP: 1, alternatives: 2 };
  const drawn = drawToken(logits, settings, anyBut([2], 3), 0.5);
  t.is(drawn.id, 1);
  t.true(drawn.isCorrected);
  t.true(Math.abs(drawn.logProbability - lnP(2)) < 1e-6);
  t.deepEqual(
    drawn.likeliest!.map(([id, p]) => [id, Math.abs(p - lnP(logits[id])) < 1e-6]),
    [
      [2, true],
      [1, true],
    ],
  );
  t.false(drawToken(logits, settings, anyBut([0], 3), 0.5).isCorrected);
});

test('the quick choice of the most likely is that of sorting all', (t) => {
  const random = randomFractions(3, 1);
  for (let round = 0; round < 50; round++) {
    // Few values: many are equal.
    const logits = Float32Array.from({ length: 300 }, () => Math.floor(random() * 40));
    for (const topK of [1, 7, 128]) {
      const sorted = [...logits].sort((a, b) => b - a);
      const kept = filterLogits(logits, { temperature: 1, topK, topP: 1 });
      t.deepEqual(
        [...kept].map((p) => p > 0),
        [...logits].map((logit) => logit >= sorted[topK - 1]),
      );
    }
  }
});

test('random streams are uniform, repeatable, and their own for each sample', (t) => {
  const draws = (seed: number, stream: number) => {
    const random = randomFractions(seed, stream);
    return Array.from({ length: 4000 }, () => random());
  };
  const values = draws(1, 0);
  t.deepEqual(values, draws(1, 0));
  t.notDeepEqual(values, draws(1, 1));
  t.notDeepEqual(values, draws(2, 0));
  t.true(values.every((value) => value >= 0 && value < 1));
  t.true(Math.abs(values.reduce((sum, value) => sum + value, 0) / 4000 - 0.5) < 0.02);
});
