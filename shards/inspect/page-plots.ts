/** The two plots of the page of `shards inspect --html`, as SVG without a script. */
import { BOX, chartFrame, fixed, plotHeight, type Tick } from '../../base/chart/frame.ts';
import { type Html, html } from '../../base/html.ts';
import type { Histogram } from './inspect.ts';

export interface TokenFrequency {
  id: number;
  text: string;
  count: number;
}

const HEIGHT = 270;
const HIGH = plotHeight(HEIGHT);
/** Part of the plot that the highest bar takes: its number stands over it. */
const HIGHEST = 0.92;
/** Part of its place that a bar leaves free. */
const GAP = 0.12;

export function lengthPlot({ bins }: Histogram): Html {
  const most = Math.max(...bins.map((bin) => bin.count));
  const width = BOX / bins.length;
  const shareOf = (count: number) => (count / most) * HIGHEST;
  const bars = bins.map(({ from, to, count }, i) => {
    const height = shareOf(count) * HIGH;
    const title = html`<title>${from} to ${to - 1} tokens: ${count} documents</title>`;
    return html`<rect class="bar" x="${fixed((i + GAP / 2) * width)}" y="${fixed(HIGH - height)}" width="${fixed(width * (1 - GAP))}" height="${fixed(height)}">${title}</rect>`;
  });
  const axis = html`<line class="grid" x1="0" x2="${BOX}" y1="${HIGH}" y2="${HIGH}" vector-effect="non-scaling-stroke"/>`;
  return chartFrame({
    ...{ title: 'Documents by their number of tokens', height: HEIGHT },
    ...{ yLabel: 'documents', xLabel: 'tokens of a document', yTicks: [] },
    xTicks: bins.flatMap(({ from }, i) =>
      i % 2 === 0 ? [{ at: i / bins.length, label: short(from), isMinor: i % 4 !== 0 }] : [],
    ),
    content: [axis, ...bars],
    labels: bins.map(({ count }, i) => ({
      ...{ x: (i + 0.5) / bins.length, y: shareOf(count), text: short(count) },
      isMinor: bins.length > 8,
    })),
  });
}

/** Plots the share of each token over its rank; both axes are logarithmic. */
export function frequencyPlot(frequencies: readonly TokenFrequency[]): Html {
  if (frequencies.length === 0) return html``;
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  const decades = Math.max(1, Math.log10(frequencies.length));
  const highest = Math.ceil(Math.log10(frequencies[0].count / total));
  const lowest = Math.min(highest - 1, Math.floor(Math.log10(frequencies.at(-1)!.count / total)));
  const x = (rank: number) => Math.log10(rank) / decades;
  const y = (share: number) => (Math.log10(share) - lowest) / (highest - lowest);
  const yTicks: Tick[] = [];
  for (let power = lowest; power <= highest; power++) {
    yTicks.push({ at: y(10 ** power), label: percent(10 ** power) });
  }
  const xTicks: Tick[] = [];
  for (let power = 0; 10 ** power <= frequencies.length; power++) {
    xTicks.push({ at: x(10 ** power), label: short(10 ** power) });
  }
  const points = frequencies.map(
    ({ count }, i) => `${fixed(x(i + 1) * BOX)},${fixed((1 - y(count / total)) * HIGH)}`,
  );
  return chartFrame({
    ...{ title: 'Share of each token by its rank', height: HEIGHT, hasColumns: true },
    ...{ yLabel: 'share of all tokens', xLabel: 'rank of the token', xTicks, yTicks },
    content: html`<polyline class="curve" vector-effect="non-scaling-stroke" points="${points.join(' ')}"/>`,
  });
}

function percent(share: number): string {
  const value = share * 100;
  return `${value >= 1 ? value.toFixed(0) : Number(value.toPrecision(1))} %`;
}

/** Shortens 12,345 to 12k. */
function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 10_000_000 ? `${Math.round(count / 1000)}k` : `${Math.round(count / 1e6)}M`;
}
