/** The two plots of the page of `shards inspect --html`, as SVG without a script. */
import { type Html, html } from '../../base/html.ts';
import type { Histogram } from './inspect.ts';

export interface TokenFrequency {
  id: number;
  text: string;
  count: number;
}

const WIDTH = 560;
const HEIGHT = 240;
/** Margins in pixels, with space for the labels of the axes. */
const LEFT = 54;
const BOTTOM = 26;
const TOP = 16;
const PLOT_WIDTH = WIDTH - LEFT - 8;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

export function lengthPlot({ bins }: Histogram): Html {
  const most = Math.max(...bins.map((bin) => bin.count));
  const width = PLOT_WIDTH / bins.length;
  const bars = bins.map(({ from, to, count }, i) => {
    const height = (count / most) * PLOT_HEIGHT;
    const x = LEFT + i * width;
    const y = TOP + PLOT_HEIGHT - height;
    const title = html`<title>${from} to ${to - 1} tokens: ${count} documents</title>`;
    const bar = html`<rect class="bar" x="${fixed(x + 1)}" y="${fixed(y)}" width="${fixed(width - 2)}" height="${fixed(height)}" rx="2">${title}</rect>`;
    const label = i % 2 === 0 && text(x, HEIGHT - 8, short(from), 'start');
    return html`${bar}${text(x + width / 2, y - 4, short(count), 'middle')}${label}`;
  });
  return svg('Documents by their number of tokens', [axisLine(), ...bars]);
}

/** Plots the share of each token over its rank; both axes are logarithmic. */
export function frequencyPlot(frequencies: readonly TokenFrequency[]): Html {
  if (frequencies.length === 0) return html``;
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  const decades = Math.max(1, Math.log10(frequencies.length));
  const highest = Math.ceil(Math.log10(frequencies[0].count / total));
  const lowest = Math.min(highest - 1, Math.floor(Math.log10(frequencies.at(-1)!.count / total)));
  const x = (rank: number) => LEFT + (Math.log10(rank) / decades) * PLOT_WIDTH;
  const y = (share: number) =>
    TOP + ((highest - Math.log10(share)) / (highest - lowest)) * PLOT_HEIGHT;
  const grid: Html[] = [];
  for (let power = lowest; power <= highest; power++) {
    const at = y(10 ** power);
    grid.push(line(LEFT, at, WIDTH - 8, at), text(LEFT - 6, at + 4, percent(10 ** power), 'end'));
  }
  for (let power = 0; 10 ** power <= frequencies.length; power++) {
    const at = x(10 ** power);
    grid.push(line(at, TOP, at, TOP + PLOT_HEIGHT));
    grid.push(text(at, HEIGHT - 8, power === 0 ? 'rank 1' : short(10 ** power), 'middle'));
  }
  const points = frequencies.map(({ count }, i) => `${fixed(x(i + 1))},${fixed(y(count / total))}`);
  const curve = html`<polyline class="curve" points="${points.join(' ')}"/>`;
  return svg('Share of each token by its rank', [...grid, curve]);
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

function axisLine(): Html {
  return line(LEFT, TOP + PLOT_HEIGHT, WIDTH - 8, TOP + PLOT_HEIGHT);
}

function line(x1: number, y1: number, x2: number, y2: number): Html {
  return html`<line class="grid" x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): Html {
  return html`<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${content}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function svg(label: string, content: Html[]): Html {
  return html`<div class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${content}</svg></div>`;
}
