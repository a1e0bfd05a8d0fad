/** Charts of lines: curves of a training, smoothed, with what was measured behind them. */
import { type Html, html } from '../html.ts';
import { BOX, chartFrame, fixed, plotHeight } from './frame.ts';
import { axisOf } from './scale.ts';

export interface Line {
  label: string;
  /** Any CSS colour. */
  color: string;
  /** Points with ascending x. */
  points: readonly Point[];
  dashed?: boolean;
  /** Draws means over many points, and the points themselves faintly behind them. */
  isSmoothed?: boolean;
}

type Point = readonly [x: number, y: number];

export interface ChartOptions {
  title: string;
  xLabel: string;
  yLabel: string;
  /** In pixels; the width is that of the place unless it is given. */
  height?: number;
  width?: number;
  /** A logarithmic y axis, if all values are above zero. */
  isLogarithmic?: boolean;
}

/** Most points of a line; more points than pixels only make the page large. */
const MAX_POINTS = 1500;

/** A smoothed line is a mean over this part of its points. */
const SMOOTHED_PART = 1 / 40;

/** Lines of so few points have a dot at each. */
const FEW = 30;

/** A chart for a page: its width is that of its place, and its legend is text. */
export function lineChart(lines: readonly Line[], options: ChartOptions): Html {
  const chart = chartOf(lines, options);
  if (chart === undefined) return html`<p>No points yet.</p>`;
  const items = chart.legend.map(
    ({ label, color, isFaint }) =>
      html`<li><i style="background:${color}${isFaint && ';opacity:.35'}"></i>${label}</li>`,
  );
  const key = items.length > 1 && html`<ul class="key">${items}</ul>`;
  return html`<figure class="chart">${key}${chart.svg}</figure>`;
}

interface Chart {
  svg: Html;
  legend: { label: string; color: string; isFaint?: boolean }[];
}

/** @returns undefined when there is no point */
export function chartOf(lines: readonly Line[], options: ChartOptions): Chart | undefined {
  const { title, xLabel, yLabel, height = 320, width } = options;
  const shown = lines.filter(({ points }) => points.length > 0);
  const points = shown.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y));
  if (points.length === 0) return undefined;
  const x = axisOf(points.map(([value]) => value));
  const y = axisOf(
    points.map(([, value]) => value),
    options.isLogarithmic,
  );
  const high = plotHeight(height);
  const place = ([px, py]: Point) => `${fixed(x.at(px) * BOX)},${fixed((1 - y.at(py)) * high)}`;
  const legend: Chart['legend'] = [];
  const faint: Html[] = [];
  const drawn: Html[] = [];
  for (const line of shown) {
    const { label, color } = line;
    const window = line.isSmoothed ? windowOf(line.points.length) : 1;
    const raw = thin(line.points).map(place);
    if (window > 1) {
      faint.push(
        html`<path fill="none" stroke="${color}" stroke-opacity="0.35" vector-effect="non-scaling-stroke" d="M${raw.join('L')}"/>`,
      );
    }
    const main = window > 1 ? thin(smooth(line.points, window)).map(place) : raw;
    const dash = line.dashed && html` stroke-dasharray="6 4"`;
    drawn.push(
      html`<polyline fill="none" stroke="${color}" stroke-width="2"${dash} vector-effect="non-scaling-stroke" points="${main.join(' ')}"/>`,
    );
    if (main.length <= FEW) drawn.push(dots(main, color));
    legend.push({ label: window > 1 ? `${label}, mean of ${window} steps` : label, color });
    if (window > 1) legend.push({ label: 'each step', color, isFaint: true });
  }
  const svg = chartFrame({
    ...{ title, xLabel, height, width, xTicks: x.ticks, yTicks: y.ticks },
    yLabel: y.isLogarithmic ? `${yLabel}, logarithmic` : yLabel,
    content: [...faint, ...drawn],
  });
  return { svg, legend };
}

/** A stroke without length with round ends is a dot, also where the picture is stretched. */
function dots(places: readonly string[], color: string): Html {
  const d = places.map((place) => `M${place}h0`).join('');
  return html`<path fill="none" stroke="${color}" stroke-width="7" stroke-linecap="round" vector-effect="non-scaling-stroke" d="${d}"/>`;
}

/** An odd number of points, one for short lines. */
function windowOf(points: number): number {
  return 2 * Math.floor((points * SMOOTHED_PART) / 2) + 1;
}

/**
 * Means of windows around each point. Near the beginning, where losses fall steeply, windows are
 * smaller and their means true; at the end windows lack what has not come yet.
 */
export function smooth(points: readonly Point[], window: number): Point[] {
  const sums = new Float64Array(points.length + 1);
  for (const [i, [, y]] of points.entries()) sums[i + 1] = sums[i] + y;
  const half = (window - 1) / 2;
  return points.map(([x], i) => {
    const reach = Math.min(half, i);
    const [from, to] = [i - reach, Math.min(points.length, i + reach + 1)];
    return [x, (sums[to] - sums[from]) / (to - from)];
  });
}

/** Replaces equal runs of points by their means. */
function thin(points: readonly Point[]): readonly Point[] {
  const size = Math.ceil(points.length / MAX_POINTS);
  if (size <= 1) return points;
  const result: Point[] = [];
  for (let i = 0; i < points.length; i += size) {
    const run = points.slice(i, i + size);
    const mean = run.reduce((sum, [, y]) => sum + y, 0) / run.length;
    result.push([run[run.length - 1][0], mean]);
  }
  return result;
}
