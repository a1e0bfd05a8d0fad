/** The recorded curve as a picture of its own: loss over tokens. */
import { lineChart } from '../trainer/report/chart.ts';
import type { CurvePoint } from './curve.ts';

/** Steps over which the training loss is averaged: a step is 2,048 tokens, and noisy. */
const AVERAGED = 25;

/** Steps that are left out: their losses are so high that the rest would look flat. */
const SKIPPED = 100;

/** Legible on white and on black. */
const STYLE =
  'svg{background:#fff}text{font:12px sans-serif;fill:#5c6470}.grid{stroke:#dcdfe4}polyline{fill:none}';

/** @returns an SVG file */
export function drawCurve(curve: readonly CurvePoint[]): string {
  const averages = curve.flatMap(({ tokens }, nth) => {
    if (nth + 1 <= SKIPPED || (nth + 1) % AVERAGED !== 0) return [];
    const losses = curve.slice(nth + 1 - AVERAGED, nth + 1).map(({ loss }) => loss);
    return [[tokens / 1e6, losses.reduce((sum, loss) => sum + loss, 0) / AVERAGED] as const];
  });
  const validation = curve.flatMap((point) =>
    point.validation === undefined ? [] : [[point.tokens / 1e6, point.validation] as const],
  );
  const chart = lineChart(
    [
      {
        label: `training from step ${SKIPPED} on, mean of ${AVERAGED} steps`,
        color: '#2f6cb5',
        points: averages,
      },
      { label: 'held out', color: '#b45309', points: validation },
    ],
    { title: 'Loss of the showcase model', xLabel: 'million tokens', yLabel: 'nats per token' },
  ).text;
  const svg = /<svg[\s\S]*<\/svg>/.exec(chart)![0];
  return `${svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace('>', `><style>${STYLE}</style>`)}\n`;
}
