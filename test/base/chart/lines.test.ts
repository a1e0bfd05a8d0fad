import test from 'ava';
import { chartOf, lineChart, smooth } from '../../../base/chart/lines.ts';
import { axisOf } from '../../../base/chart/scale.ts';

const LABELS = { title: 'Loss', xLabel: 'step', yLabel: 'nats' };

test('smoothing takes means of windows, smaller ones at the beginning, and at the end what there is', (t) => {
  const points = [1, 2, 9, 4, 5].map((y, x) => [x, y] as const);
  t.deepEqual(smooth(points, 3), [
    [0, 1],
    [1, 4],
    [2, 5],
    [3, 6],
    [4, 4.5],
  ]);
  t.deepEqual(
    smooth(points, 5).map(([, y]) => y),
    [1, 4, 4.2, 5, 6],
  );
  t.deepEqual(
    smooth(points, 1),
    points.map(([x, y]) => [x, y]),
  );
});

test('a smoothed line lies over its points, and the legend names both', (t) => {
  const points = Array.from({ length: 400 }, (_, x) => [x, x % 2] as const);
  const line = { label: 'training', color: 'red', points, isSmoothed: true };
  const chart = chartOf([line], LABELS)!;
  t.deepEqual(
    chart.legend.map(({ label }) => label),
    ['training, mean of 11 steps', 'each step'],
  );
  const [faint, main] = [/<path[^>]* d="M([^"]*)"/, /<polyline[^>]* points="([^"]*)"/].map(
    (each) => each.exec(chart.svg.text)![1],
  );
  const heights = (text: string) => text.split(/[L ]/).map((place) => Number(place.split(',')[1]));
  const range = (values: number[]) => Math.max(...values) - Math.min(...values);
  t.true(range(heights(main).slice(20, -20)) < 0.2 * range(heights(faint)));
});

test('few points are dots on a line, and one line needs no legend', (t) => {
  const chart = String(lineChart([{ label: 'a', color: 'red', points: [[1, 2]] }], LABELS));
  t.regex(chart, /<path[^>]*stroke-linecap="round"[^>]*d="M[\d.]+,[\d.]+h0"/);
  t.notRegex(chart, /class="key"/);
  t.notRegex(chart, /NaN/);
});

test('an axis over a large ratio is logarithmic if it may be, with ticks of 1, 2 and 5', (t) => {
  const axis = axisOf([0.3, 8], true);
  t.true(axis.isLogarithmic);
  t.deepEqual(
    axis.ticks.map(({ label }) => label),
    ['0.5', '1', '2', '5'],
  );
  t.true(Math.abs(axis.at(Math.sqrt(0.3 * 8)) - 0.5) < 1e-9);
  t.false(axisOf([0.3, 8]).isLogarithmic);
  t.false(axisOf([3, 8], true).isLogarithmic, 'a small ratio');
  t.false(axisOf([0, 8], true).isLogarithmic, 'no logarithm of 0');
});
