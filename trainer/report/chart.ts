/** A line chart as inline SVG, without scripts, fonts or external addresses. */
import { type Html, html } from '../../base/html.ts';

export interface Line {
  label: string;
  /** Any CSS colour. */
  color: string;
  /** Points with ascending x. */
  points: readonly (readonly [x: number, y: number])[];
  dashed?: boolean;
}

export interface ChartOptions {
  title: string;
  xLabel: string;
  yLabel: string;
  width?: number;
  height?: number;
}

const MARGIN = { left: 56, right: 16, top: 28, bottom: 40 };

/** Most points of a line; more points than pixels only make the page large. */
const MAX_POINTS = 1500;

export function lineChart(lines: Line[], options: ChartOptions): Html {
  const { width = 860, height = 320 } = options;
  const points = lines.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y));
  if (points.length === 0) return html`<p>No points yet.</p>`;
  const [xMin, xMax] = extent(points.map(([x]) => x));
  const [yMin, yMax] = extent(points.map(([, y]) => y));
  const x = scale(xMin, xMax, MARGIN.left, width - MARGIN.right);
  const y = scale(yMin, yMax, height - MARGIN.bottom, MARGIN.top);
  const yTicks = ticks(yMin, yMax).map((value) => [
    html`<line class="grid" x1="${MARGIN.left}" x2="${width - MARGIN.right}" y1="${y(value)}" y2="${y(value)}"/>`,
    html`<text x="${MARGIN.left - 8}" y="${y(value)}" dy="0.32em" text-anchor="end">${label(value)}</text>`,
  ]);
  const xTicks = ticks(xMin, xMax).map(
    (value) =>
      html`<text x="${x(value)}" y="${height - MARGIN.bottom + 18}" text-anchor="middle">${label(value)}</text>`,
  );
  const paths = lines.map((line) => {
    const d = thin(line.points).map(([px, py]) => `${x(px)},${y(py)}`);
    const dash = line.dashed && html` stroke-dasharray="6 4"`;
    return html`<polyline fill="none" stroke="${line.color}" stroke-width="1.6"${dash} points="${d.join(' ')}"/>`;
  });
  let at = MARGIN.left;
  const legend = lines.map((line) => {
    const item = html`<rect x="${at}" y="9" width="14" height="3" fill="${line.color}"/><text x="${at + 20}" y="14">${line.label}</text>`;
    at += 44 + line.label.length * 6.6;
    return item;
  });
  const middle = (MARGIN.left + width - MARGIN.right) / 2;
  return html`<div class="chart"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${options.title}">
${yTicks}${xTicks}
<text x="${middle}" y="${height - 4}" text-anchor="middle">${options.xLabel}</text>
<text transform="translate(13 ${height / 2}) rotate(-90)" text-anchor="middle">${options.yLabel}</text>
${paths}${legend}
</svg></div>`;
}

/** Round numbers between two bounds, in steps of 1, 2 or 5 times a power of ten. */
export function ticks(min: number, max: number, about = 5): number[] {
  const rough = (max - min) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const result: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i++) result.push(i * step);
  return result;
}

function extent(values: number[]): [number, number] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // A single point needs a span too.
  return min === max ? [min - 0.5, max + 0.5] : [min, max];
}

function scale(min: number, max: number, from: number, to: number): (value: number) => number {
  return (value) => Math.round((from + ((value - min) / (max - min)) * (to - from)) * 10) / 10;
}

/** Replaces equal runs of points by their means. */
function thin(points: Line['points']): Line['points'] {
  const size = Math.ceil(points.length / MAX_POINTS);
  if (size <= 1) return points;
  const result: [number, number][] = [];
  for (let i = 0; i < points.length; i += size) {
    const run = points.slice(i, i + size);
    const mean = run.reduce((sum, [, y]) => sum + y, 0) / run.length;
    result.push([run[run.length - 1][0], mean]);
  }
  return result;
}

function label(value: number): string {
  return String(Number(value.toPrecision(6)));
}
