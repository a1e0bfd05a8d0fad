import test from 'ava';
import { nearestOf } from '../../../../tokenizer/codecs/pixels/nearest.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';

/** By looking at all of them. */
function slow(points: ArrayLike<number>, place: readonly number[]): number {
  let [best, index] = [Number.POSITIVE_INFINITY, -1];
  for (let i = 0; i < points.length / 3; i++) {
    const [dx, dy, dz] = place.map((value, c) => value - points[3 * i + c]);
    const distance = dx * dx + dy * dy + dz * dz;
    if (distance < best) [best, index] = [distance, i];
  }
  return index;
}

for (const count of [1, 2, 48, 512]) {
  test(`of ${count} points the nearest is found, and the first of equals`, (t) => {
    const next = randomNumbers(count);
    // Few values, so that many are equally near, and many the same.
    const points = Float64Array.from({ length: 3 * count }, () => next() % 9);
    const nearest = nearestOf(points);
    for (let n = 0; n < 2000; n++) {
      const place = [0, 1, 2].map(() => (next() % 33) / 4);
      const [x, y, z] = place;
      if (nearest(x, y, z) !== slow(points, place)) t.fail(`${place}`);
    }
    t.pass();
  });
}

test('points on the grey axis, where the bound is exact', (t) => {
  const points = Float32Array.from({ length: 300 }, (_, i) => Math.floor(i / 3) / 7);
  const nearest = nearestOf(points);
  for (let i = 0; i < 2000; i++) {
    const value = (i * 100) / 7 / 2000;
    t.is(nearest(value, value, value), slow(points, [value, value, value]));
  }
});
