/** Pearson's r and its p beside SciPy's. */
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { incompleteBeta, pearson } from '../../../../evaluation/protocol/classes/correlation.ts';

const golden = JSON.parse(
  await readFile(new URL('../../../golden/evaluation/correlation.json', import.meta.url), 'utf8'),
) as {
  correlations: { x: number[]; y: number[]; r: number; p: number }[];
  tails: { n: number; r: number; p: number }[];
  betas: [a: number, b: number, x: number, value: number][];
};

const near = (value: number, wanted: number, relative: number) =>
  Math.abs(value - wanted) <= relative * Math.abs(wanted);

test("r and p are SciPy's", (t) => {
  t.true(golden.correlations.length >= 9);
  for (const { x, y, r, p } of golden.correlations) {
    const found = pearson(x, y);
    t.true(near(found.r, r, 1e-12), `${found.r} for ${r}`);
    t.true(near(found.p, p, 1e-10), `${found.p} for ${p}`);
    t.is(found.n, x.length);
  }
});

test('p of many pairs, down to a hundred zeros', (t) => {
  for (const { n, r, p } of golden.tails) {
    const found = incompleteBeta((n - 2) / 2, 0.5, 1 - r * r);
    t.true(near(found, p, 1e-9), `n ${n}, r ${r}: ${found} for ${p}`);
  }
});

test('the incomplete beta function on both sides of its mean', (t) => {
  t.true(golden.betas.length > 60);
  for (const [a, b, x, value] of golden.betas) {
    const found = incompleteBeta(a, b, x);
    // Beyond 1e-290 nobody asks for digits.
    const isNear = value < 1e-290 ? found < 1e-280 : near(found, value, 1e-9);
    t.true(isNear, `I_${x}(${a}, ${b}) is ${found}, not ${value}`);
  }
});

test('too few pairs, and values that do not differ, have no correlation', (t) => {
  t.throws(() => pearson([1, 2], [1, 2]), { code: 'PICTURES_TOO_FEW' });
  t.throws(() => pearson([1, 1, 1], [1, 2, 3]), { code: 'PICTURES_TOO_FEW' });
  t.like(pearson([1, 2, 3, 4], [2, 4, 6, 8]), { r: 1, p: 0 });
});
