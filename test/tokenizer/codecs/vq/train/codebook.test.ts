import test from 'ava';
import { Codebook } from '../../../../../tokenizer/codecs/vq/train/codebook.ts';

const OPTIONS = { codes: 2, width: 1, decay: 0.5, seed: 1, steps: 100 };

test('codes follow the moving averages of what they stand for', (t) => {
  const outputs = Float32Array.of(1, 3, 10, 12);
  const state = {
    vectors: Float32Array.of(2, 11),
    counts: Float64Array.of(2, 2),
    sums: Float64Array.of(0, 22),
  };
  const codebook = new Codebook(OPTIONS, state);
  t.is(codebook.update(1, outputs, [0, 0, 1, 1]), 0);
  // counts 0.5 * 2 + 0.5 * 2; sums 0.5 * 0 + 0.5 * 4 and 0.5 * 22 + 0.5 * 22
  t.deepEqual([...codebook.state!.counts], [2, 2]);
  t.deepEqual([...codebook.state!.sums], [2, 22]);
  t.true(Math.abs(codebook.state!.vectors[0] - 1) < 1e-4);
  t.true(Math.abs(codebook.state!.vectors[1] - 11) < 1e-4);
});

test('a code that stands for nothing is moved to an output, but not at the end', (t) => {
  const outputs = Float32Array.of(5, 5, 5, 5);
  const dead = () => ({
    vectors: Float32Array.of(5, -90),
    counts: Float64Array.of(4, 0.01),
    sums: Float64Array.of(20, -0.9),
  });
  const codebook = new Codebook(OPTIONS, dead());
  t.is(codebook.update(1, outputs, [0, 0, 0, 0]), 1);
  t.true(Math.abs(codebook.state!.vectors[1] - 5) < 1e-3);
  const last = new Codebook(OPTIONS, dead());
  t.is(last.update(95, outputs, [0, 0, 0, 0]), 0);
  t.true(last.state!.vectors[1] < -80);
});

test('the first codes are outputs', (t) => {
  const outputs = Float32Array.from({ length: 40 }, (_, i) => i * i);
  const codebook = new Codebook({ ...OPTIONS, codes: 8, width: 2 });
  const vectors = codebook.vectorsFor(outputs);
  for (let k = 0; k < 8; k++) {
    const root = Math.sqrt(vectors[2 * k]);
    t.deepEqual([root % 2, vectors[2 * k + 1]], [0, (root + 1) ** 2]);
  }
  t.is(codebook.vectorsFor(outputs.subarray(0, 2)), vectors);
});
