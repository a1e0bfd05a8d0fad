/** Resizing beside Pillow 13: bench/peers/images/golden.py made the digests. */
import { createHash } from 'node:crypto';
import test from 'ava';
import { type Kernel, resize } from '../../base/resize.ts';
import { golden } from '../helpers/image-golden.ts';

function samplesOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 24) & 255);
}

for (const kind of ['u1', 'f4'] as const) {
  test(`${kind === 'u1' ? 'bytes' : 'floats'} are resized bit for bit as Pillow does`, (t) => {
    const cases = golden.resizes.filter(([wanted]) => wanted === kind);
    t.true(cases.length >= 18);
    for (const [, kernel, width, height, toWidth, toHeight, digest] of cases) {
      const values = samplesOf(width * height * 3);
      const samples = kind === 'u1' ? Uint8Array.from(values) : Float32Array.from(values);
      const to = { width: toWidth, height: toHeight };
      const resized = resize(samples, { width, height, channels: 3 }, to, kernel);
      const bytes = new Uint8Array(resized.buffer, resized.byteOffset, resized.byteLength);
      const found = createHash('sha256').update(bytes).digest('hex');
      t.is(found, digest, `${kernel} ${width}x${height} to ${toWidth}x${toHeight}`);
    }
  });
}

test('one value stays that value, at every size and for every kernel', (t) => {
  const from = { width: 9, height: 5, channels: 1 };
  for (const kernel of ['bilinear', 'bicubic', 'lanczos'] satisfies Kernel[]) {
    for (const to of [
      { width: 30, height: 17 },
      { width: 2, height: 3 },
      { width: 30, height: 1 },
    ]) {
      const grey = resize(new Uint8Array(45).fill(77), from, to, kernel);
      t.true(grey.every((value) => value === 77));
      t.is(grey.length, to.width * to.height);
    }
  }
});

test('the same size is a copy', (t) => {
  const samples = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const size = { width: 2, height: 1 };
  const copy = resize(samples, { ...size, channels: 3 }, size, 'bilinear');
  t.deepEqual(copy, samples);
  t.not(copy, samples);
});

test('samples of another size are refused', (t) => {
  const from = { width: 2, height: 2, channels: 3 };
  const to = { width: 4, height: 4 };
  for (const count of [0, 11, 13]) {
    const error = t.throws(() => resize(new Uint8Array(count), from, to, 'bicubic'));
    t.regex(error?.message ?? '', /2x2 pixels of 3 channels/);
  }
  t.throws(() => resize(new Uint8Array(12), from, { width: 0, height: 4 }, 'bicubic'), {
    code: 'INTERNAL',
  });
});
