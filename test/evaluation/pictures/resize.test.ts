/**
 * The resizers equal those of clean-fid, pytorch-fid and torch-fidelity: sums of the bits of their
 * results. bench/evaluation/resize.ts compares with the live ones.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { randomBits } from '../../../bench/evaluation/random-weights.ts';
import { resizeBilinear } from '../../../bench/evaluation/tensorflow.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { resizeFor } from '../../../evaluation/pictures/resize.ts';
import { RESIZES } from '../../../schemas/evaluation.ts';
import { randomNumbers } from '../../helpers/rasters.ts';
import { testIf } from '../../helpers/tools.ts';

interface Golden {
  width: number;
  height: number;
  sha256: Record<(typeof RESIZES)[number], string>;
}

const golden: Golden[] = JSON.parse(
  readFileSync(new URL('../../golden/evaluation/resizes.json', import.meta.url), 'utf8'),
);

for (const how of RESIZES) {
  test(`${how}: bit for bit what the peer gives`, (t) => {
    t.true(golden.length >= 8);
    for (const { width, height, sha256 } of golden) {
      const bits = randomBits(`${width}x${height}`, width * height * 3, 0);
      const data = Uint8Array.from(bits, (word) => word >>> 24);
      const { data: result } = resizeFor({ width, height, data }, 299, how);
      t.is(createHash('sha256').update(new Uint8Array(result.buffer)).digest('hex'), sha256[how]);
    }
  });
}

test('a picture of the right size is not changed', (t) => {
  const data = Uint8Array.from({ length: 299 * 299 * 3 }, (_, i) => i % 251);
  for (const how of RESIZES) {
    const result = resizeFor({ width: 299, height: 299, data }, 299, how);
    const unit = result.range === 'unit' ? 255 : 1;
    t.true(result.data.every((value, i) => Math.abs(value * unit - data[i]) < 1e-4));
  }
});

const backend = await chooseBackend();

testIf(
  backend.native !== undefined,
  'the native backend is not set up',
  'tf: bit for bit what TensorFlow gives, for forty random sizes',
  (t) => {
    const next = randomNumbers(3);
    for (let i = 0; i < 40; i++) {
      const [width, height] = [1 + (next() % 500), 1 + (next() % 500)];
      const data = Uint8Array.from({ length: width * height * 3 }, () => next() >>> 24);
      const side = i % 2 === 0 ? 299 : 224;
      const { data: ours } = resizeFor({ data, width, height }, side, 'tf');
      const theirs = resizeBilinear(backend, { data, width, height }, side);
      t.true(
        Buffer.from(ours.buffer).equals(Buffer.from(theirs.slice().buffer)),
        `${width}x${height}`,
      );
    }
  },
);
