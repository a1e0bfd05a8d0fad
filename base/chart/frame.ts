/**
 * The frame of a chart as inline SVG: axes, their labels and a grid. Its width is that of its place,
 * while texts keep their size, so a chart is legible on a telephone and on a wide screen.
 */
import { type Html, html } from '../html.ts';

export interface Tick {
  /** Place on the axis: 0 is left or below, 1 is right or above. */
  at: number;
  label: string;
  /** Left out where there is little room. */
  isMinor?: boolean;
}

export interface ChartFrame {
  /** Says what the chart shows to those who cannot see it. */
  title: string;
  xLabel: string;
  yLabel: string;
  xTicks: readonly Tick[];
  yTicks: readonly Tick[];
  /** Lines that go up from the ticks of the x axis. */
  hasColumns?: boolean;
  /** Height of the whole in pixels. */
  height: number;
  /** Width in pixels; default that of the place. */
  width?: number;
  /** SVG in a box of `BOX` times the height that `plotHeight` gives; it is stretched to the width. */
  content: Html | readonly Html[];
  /** Texts over the content. */
  labels?: readonly { x: number; y: number; text: string; isMinor?: boolean }[];
}

/** Width of the box of the content. */
export const BOX = 1000;

/** Pixels around the plot: labels of the y axis, half a label of the x axis, both titles. */
const MARGIN = { left: 52, right: 14, top: 26, bottom: 40 };

/** Labels this near to an end of the x axis do not stand in the middle over their place. */
const NEAR = 0.03;

/** Height of the content's box, from the height of the whole. */
export function plotHeight(height: number): number {
  return height - MARGIN.top - MARGIN.bottom;
}

export function chartFrame(frame: ChartFrame): Html {
  const { title, xLabel, yLabel, xTicks, yTicks, height, width, content, labels = [] } = frame;
  const high = plotHeight(height);
  const rows = yTicks.map(({ at, label }) => {
    const y = fixed((1 - at) * high);
    return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text x="-8" y="${y}" dy="0.32em" text-anchor="end">${label}</text>`;
  });
  const columns = xTicks.map(({ at, label, isMinor }) => {
    const x = percent(at);
    const line =
      frame.hasColumns && html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${high}"/>`;
    return html`${line}<text${minor(isMinor)} x="${x}" y="${high + 17}" text-anchor="${anchorOf(at)}">${label}</text>`;
  });
  const texts = labels.map(
    ({ x, y, text, isMinor }) =>
      html`<text${minor(isMinor)} x="${percent(x)}" y="${fixed((1 - y) * high - 4)}" text-anchor="middle">${text}</text>`,
  );
  const inside = html`
<text x="${-MARGIN.left}" y="${12 - MARGIN.top}">${yLabel}</text><text x="100%" y="${high + MARGIN.bottom - 4}" text-anchor="end">${xLabel}</text>
${rows}${columns}
<svg viewBox="0 0 ${BOX} ${high}" preserveAspectRatio="none" width="100%" height="${high}" overflow="visible">${content}</svg>
${texts}`;
  const named = html`role="img" aria-label="${title}" overflow="visible"`;
  const { left, right, top, bottom } = MARGIN;
  if (width === undefined) {
    // Browsers compute no width of a part of an SVG from that of the whole: the margins are HTML's.
    return html`<div class="plot" style="padding:${top}px ${right}px ${bottom}px ${left}px"><svg width="100%" height="${high}" ${named}>${inside}</svg></div>`;
  }
  return html`<svg width="${width}" height="${height}"><svg x="${left}" y="${top}" width="${width - left - right}" height="${high}" ${named}>${inside}</svg></svg>`;
}

const minor = (isMinor: boolean | undefined) => isMinor && html` class="minor"`;
const percent = (share: number) => `${fixed(100 * share)}%`;

/** Few digits: pages hold thousands of points. */
export function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function anchorOf(at: number): string {
  if (at < NEAR) return 'start';
  return at > 1 - NEAR ? 'end' : 'middle';
}
