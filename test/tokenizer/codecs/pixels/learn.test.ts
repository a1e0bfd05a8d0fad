import test from 'ava';
import { ColourCounts, learnColours } from '../../../../tokenizer/codecs/pixels/learn.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';

/** Pixels around a few colours, up to 3 off in each channel. */
const CENTRES = [
  [20, 30, 40],
  [200, 40, 30],
  [60, 180, 90],
  [230, 220, 210],
];

function somePixels(count: number, seed: number): Uint8Array {
  const next = randomNumbers(seed);
  return Uint8Array.from({ length: 3 * count }, (_, i) => {
    const centre = CENTRES[Math.floor(i / 3) % CENTRES.length];
    return centre[i % 3] + (next() % 7) - 3;
  });
}

async function learned(parts: readonly Uint8Array[], colours: number, seed: number) {
  const counts = new ColourCounts();
  for (const part of parts) counts.add(part);
  return learnColours(counts.list(), colours, seed);
}

test('clusters that lie apart are found: the mean of each, from dark to bright', async (t) => {
  const pixels = somePixels(4000, 1);
  const sums = CENTRES.map(() => [0, 0, 0]);
  for (const [i, value] of pixels.entries()) sums[Math.floor(i / 3) % 4][i % 3] += value;
  const means = sums.map((sum) => sum.map((value) => value / 1000));
  means.sort((a, b) => a[0] + a[1] + a[2] - (b[0] + b[1] + b[2]));
  for (const seed of [0, 1, 2, -5, 2 ** 40]) {
    t.deepEqual([...(await learned([pixels], 4, seed))], means.flat());
  }
});

test('the order of the pixels makes no difference, to the last bit; the seed does', async (t) => {
  const next = randomNumbers(7);
  const pixels = Uint8Array.from({ length: 3 * 5000 }, () => next() % 256);
  const whole = await learned([pixels], 16, 3);
  const backwards: Uint8Array[] = [];
  for (let at = pixels.length - 300; at >= 0; at -= 300) {
    backwards.push(pixels.subarray(at, at + 300));
  }
  t.deepEqual(await learned(backwards, 16, 3), whole);
  t.notDeepEqual(await learned([pixels], 16, 4), whole);
});

test('a palette of all colours loses nothing', async (t) => {
  const pixels = somePixels(40, 5);
  const colours = new Set(
    Array.from({ length: 40 }, (_, i) => pixels.subarray(3 * i, 3 * i + 3).join()),
  );
  const found = await learned([pixels], colours.size, 0);
  const names = Array.from({ length: colours.size }, (_, i) =>
    found.subarray(3 * i, 3 * i + 3).join(),
  );
  t.deepEqual(names.sort(), [...colours].sort());
});

test('more colours than the sample has are refused', async (t) => {
  const pixels = Uint8Array.from([0, 0, 0, 255, 255, 255, 0, 0, 0]);
  await t.throwsAsync(learned([pixels], 3, 0), {
    code: 'CONFIG_INVALID',
    message: 'cannot learn 3 colours: the pixels of the sample have 2',
  });
});
