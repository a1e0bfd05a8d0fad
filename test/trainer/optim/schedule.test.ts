import test from 'ava';
import { decayStart, learningRate } from '../../../trainer/optim/schedule.ts';

const WSD = {
  schedule: 'wsd',
  lr: 1,
  minLr: 0.1,
  warmupSteps: 4,
  steps: 20,
  decaySteps: 4,
} as const;

test('wsd: up in a line, level, and down in the last steps', (t) => {
  const rates = Array.from({ length: 21 }, (_, step) => learningRate(step, WSD));
  t.deepEqual(rates.slice(0, 4), [0.25, 0.5, 0.75, 1]);
  t.deepEqual(rates.slice(4, 17), new Array(13).fill(1));
  // 1 less the root of a quarter, of a half and of three quarters.
  for (const [i, left] of [0.5, 1 - Math.SQRT1_2, 1 - Math.sqrt(0.75)].entries()) {
    t.true(Math.abs(rates[17 + i] - (0.1 + 0.9 * left)) < 1e-12, String(rates[17 + i]));
  }
  t.is(rates[20], 0.1);
  const line = [17, 18, 19].map((step) => learningRate(step, { ...WSD, decayShape: 'linear' }));
  for (const [i, rate] of line.entries()) {
    t.true(Math.abs(rate - (0.1 + 0.9 * (1 - (i + 1) / 4))) < 1e-12, String(rate));
  }
});

test('wsd: a longer run has the rates of the shorter one up to its decay', (t) => {
  const longer = { ...WSD, steps: 40 };
  for (let step = 0; step < 16; step++) {
    t.is(learningRate(step, longer), learningRate(step, WSD));
  }
  t.is(decayStart(WSD), 16);
  t.is(decayStart(longer), 36);
  t.is(decayStart({ ...WSD, decaySteps: undefined, steps: 15 }), 13, 'a tenth, rounded up');
  t.is(decayStart({ ...WSD, schedule: 'cosine' }), undefined);
});
