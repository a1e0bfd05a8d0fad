/** Distances beside what pytorch-fid, torch-fidelity and NumPy give; both kinds of arithmetic. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { randomBits } from '../../../bench/evaluation/random-weights.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { findLapack } from '../../../compute/lapack.ts';
import { frechetDistance, gaussianOf } from '../../../evaluation/distances/frechet.ts';
import { inceptionScore } from '../../../evaluation/distances/inception-score.ts';
import { kernelDistance } from '../../../evaluation/distances/kid.ts';
import { lapackMath } from '../../../evaluation/distances/lapack-math.ts';
import { type DoubleMath, matrix } from '../../../evaluation/distances/matrix.ts';
import { nativeMath } from '../../../evaluation/distances/native-math.ts';
import { NumpyRandom } from '../../../evaluation/distances/numpy-random.ts';
import { plainMath } from '../../../evaluation/distances/plain-math.ts';
import { precisionRecall } from '../../../evaluation/distances/precision-recall.ts';
import { singularValues } from '../../../evaluation/distances/singular-values.ts';

interface Golden {
  /** Pictures of each set, dims: `few` has fewer pictures than dims. */
  sizes: Record<'many' | 'few', [number, number, number]>;
  many: Figures;
  few: Figures;
  permutation: number[];
}
interface Figures {
  fid: number;
  kernel_inception_distance_mean: number;
  kernel_inception_distance_std: number;
  precision: number;
  recall: number;
  inception_score_mean: number;
  inception_score_std: number;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/evaluation/distances.json', import.meta.url), 'utf8'),
);

/** Uniform numbers, of which some depend on others: bench/peers/evaluation/golden_distances.py has the same. */
function rowsOf(name: string, count: number, dims: number, shift: number) {
  const bits = randomBits(name, count * dims, 0);
  const data = new Float64Array(count * dims);
  for (let i = 0; i < data.length; i++) {
    const u = (bits[i] / 2 ** 32) * 2 - 1;
    const before = i % dims === 0 ? 0 : data[i - 1];
    data[i] = u + 0.5 * before + shift;
  }
  return { count, dims, data };
}

const maths: [string, DoubleMath][] = [['plain', plainMath]];
const backend = await chooseBackend();
if (backend.native) maths.push(['native', nativeMath(backend.native)]);
else test.skip('native: (skipped: no native backend here)', (t) => t.pass());
const lapack = findLapack();
if (lapack) maths.push(['LAPACK', lapackMath(lapack)]);
else test.skip('LAPACK: (skipped: no OpenBLAS here, see CODEC_LM_LAPACK)', (t) => t.pass());

const near = (value: number, expected: number, tolerance: number) =>
  Math.abs(value - expected) <= tolerance * Math.max(1, Math.abs(expected));

for (const [name, math] of maths) {
  for (const size of ['many', 'few'] as const) {
    test(`${name}: all figures of ${size} pictures`, (t) => {
      const [countA, countB, dims] = golden.sizes[size];
      const a = rowsOf(`${size} a`, countA, dims, 0);
      const b = rowsOf(`${size} b`, countB, dims, 0.02);
      const expected = golden[size];
      const fid = frechetDistance(math, gaussianOf(math, a), gaussianOf(math, b));
      // SciPy's root of singular covariances has errors of 1e-7 and more.
      t.true(near(fid, expected.fid, size === 'many' ? 1e-9 : 1e-6), `${fid} ${expected.fid}`);
      const kid = kernelDistance(math, b, a, new NumpyRandom(2020), {
        subsets: 100,
        subsetSize: 30,
      });
      t.true(near(kid.mean, expected.kernel_inception_distance_mean, 1e-12));
      t.true(near(kid.deviation, expected.kernel_inception_distance_std, 1e-12));
      const { precision, recall } = precisionRecall(math, a, b);
      t.true(near(precision, expected.precision, 1e-6), `${precision} ${expected.precision}`);
      t.true(near(recall, expected.recall, 1e-6), `${recall} ${expected.recall}`);
      const score = inceptionScore(b, new NumpyRandom(2020))!;
      t.true(near(score.mean, expected.inception_score_mean, 1e-12));
      t.true(near(score.deviation, expected.inception_score_std, 1e-12));
    });
  }

  test(`${name}: KID of few subsets and of many, by its definition`, (t) => {
    const [a, b] = [rowsOf('kid a', 60, 8, 0), rowsOf('kid b', 50, 8, 0.1)];
    const kernel = (x: typeof a, i: number, y: typeof a, j: number) => {
      let product = 0;
      for (let d = 0; d < 8; d++) product += x.data[i * 8 + d] * y.data[j * 8 + d];
      return (product / 8 + 1) ** 3;
    };
    // Two subsets have fewer pairs than the sets themselves, two hundred have more.
    for (const subsets of [2, 200]) {
      const random = new NumpyRandom(5);
      const size = 9;
      let total = 0;
      for (let s = 0; s < subsets; s++) {
        const [x, y] = [[...random.choice(60, size)], [...random.choice(50, size)]];
        let [within, across] = [0, 0];
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            if (i !== j) within += kernel(a, x[i], a, x[j]) + kernel(b, y[i], b, y[j]);
            across += kernel(a, x[i], b, y[j]);
          }
        }
        total += within / (size * (size - 1)) - (2 * across) / size ** 2;
      }
      const { mean } = kernelDistance(math, a, b, new NumpyRandom(5), {
        subsets,
        subsetSize: size,
      });
      t.true(near(mean, total / subsets, 1e-12), `${subsets}: ${mean}, not ${total / subsets}`);
    }
  });

  test(`${name}: a set beside itself`, (t) => {
    const a = rowsOf('itself', 50, 12, 0);
    const gaussian = gaussianOf(math, a);
    t.true(Math.abs(frechetDistance(math, gaussian, gaussian)) < 1e-12);
    t.deepEqual(precisionRecall(math, a, a), { precision: 1, recall: 1 });
  });

  test(`${name}: covariances without full rank, from their sums alone`, (t) => {
    const a = rowsOf('flat a', 40, 10, 0);
    const b = rowsOf('flat b', 40, 10, 0.1);
    // One feature is a copy of another in both, as dead units of a network are.
    for (const { data } of [a, b])
      for (let i = 0; i < data.length; i += 10) data[i + 9] = data[i + 3];
    const [x, y] = [gaussianOf(math, a), gaussianOf(math, b)];
    const whole = frechetDistance(math, x, y);
    const few = gaussianOf(math, { count: 6, dims: 10, data: a.data.subarray(0, 60) });
    const mixed = frechetDistance(math, few, y);
    t.true(near(frechetDistance(plainMath, x, y), whole, 1e-8));
    t.true(near(frechetDistance(plainMath, { ...few, factor: undefined }, y), mixed, 1e-7));
  });
}

test("permutations are NumPy's", (t) => {
  t.deepEqual(
    [...new NumpyRandom(2020).permutation(golden.permutation.length)],
    golden.permutation,
  );
});

test('singular values of matrices whose values are known', (t) => {
  const values = (rows: number, columns: number, data: number[]) => [
    ...singularValues(matrix(rows, columns, Float64Array.from(data))),
  ];
  const close = (found: number[], expected: number[]) =>
    found.length === expected.length &&
    found.every((value, i) => Math.abs(value - expected[i]) < 1e-14);
  t.true(close(values(1, 1, [-3]), [3]));
  t.true(close(values(2, 2, [3, 0, 4, 5]), [Math.sqrt(45), Math.sqrt(5)]));
  t.true(close(values(3, 2, [0, 0, 0, 0, 0, 0]), [0, 0]));
  t.true(close(values(2, 3, [1, 0, 0, 0, 1e-9, 0]), [1, 1e-9]));
  t.true(close(values(1, 4, [1, 1, 1, 1]), [2]));
});

test('too few pictures are an error that says how many are needed', (t) => {
  const one = rowsOf('one', 1, 4, 0);
  const three = rowsOf('three', 3, 4, 0);
  const options = { subsets: 2, subsetSize: 10 };
  t.throws(() => gaussianOf(plainMath, one), { code: 'PICTURES_TOO_FEW', message: /two or more/ });
  t.throws(() => kernelDistance(plainMath, one, three, new NumpyRandom(1), options), {
    code: 'PICTURES_TOO_FEW',
  });
  t.throws(() => precisionRecall(plainMath, three, three), { code: 'PICTURES_TOO_FEW' });
  t.is(inceptionScore(three, new NumpyRandom(1)), undefined);
});

test('the trace of the root of a product, for sizes that blocks do not divide', (t) => {
  const withTrace = maths.filter(([, math]) => math.traceOfRoot);
  for (const [name, { traceOfRoot, ...others }] of withTrace) {
    for (const dims of [1, 2, 3, 5, 7, 18, 33]) {
      const [a, b] = ['a', 'b'].map((side) =>
        gaussianOf(others, rowsOf(`${side}${dims}`, 3 * dims + 2, dims, 0)),
      );
      const before = [a, b].map(({ sigma }) => sigma.data.slice());
      const found = traceOfRoot!(a.sigma, b.sigma);
      t.deepEqual([a.sigma.data, b.sigma.data], before, 'both are as they were');
      // By the singular values of the factors, in plain arithmetic.
      const distance = frechetDistance(plainMath, a, b);
      const square = a.mu.reduce((sum, mu, d) => sum + (mu - b.mu[d]) ** 2, 0);
      const trace = (m: typeof a.sigma) =>
        Array.from({ length: dims }, (_, i) => m.data[i * dims + i]).reduce((x, y) => x + y);
      const expected = (square + trace(a.sigma) + trace(b.sigma) - distance) / 2;
      t.true(near(found!, expected, 1e-10), `${name}, ${dims}: ${found}, not ${expected}`);
    }
  }
  t.is(withTrace.length, maths.length - 1);
});

test('sums of squares of blocks, and what has no root, for sizes that blocks do not divide', (t) => {
  for (const [name, math] of maths) {
    for (const dims of [1, 3, 67, 130]) {
      const { data } = rowsOf(`gram ${dims}`, 9, dims, 0);
      const blocks = [
        matrix(5, dims, data.slice(0, 5 * dims)),
        matrix(4, dims, data.slice(5 * dims)),
      ];
      const found = math.gram(blocks, dims);
      const expected = plainMath.product(matrix(9, dims, data), matrix(9, dims, data), 'a');
      const isNear = found.data.every((value, i) => near(value, expected.data[i], 1e-13));
      t.true(isNear, `${name}, ${dims}`);
      if (dims < 67 || !math.traceOfRoot) continue;
      // Nine rows make no matrix of full rank.
      const copy = found.data.slice();
      t.is(
        math.traceOfRoot(found, math.gram(blocks.slice(0, 1), dims)),
        undefined,
        `${name}, ${dims}`,
      );
      t.deepEqual(found.data, copy);
    }
  }
});
