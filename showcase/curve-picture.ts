/** The recorded curve as a picture of its own: loss over tokens. */
import { chartOf } from '../base/chart/lines.ts';
import { html } from '../base/html.ts';
import type { CurvePoint } from './curve.ts';

const [WIDTH, HEIGHT] = [860, 340];

/** Legible on white and on black. */
const STYLE =
  'svg{background:#fff}svg svg{background:none}text{font:12px sans-serif;fill:#5c6470}.grid{stroke:#dcdfe4}';

/** Pixels from one name of a line to the next. */
const STEP = 210;

/** @returns an SVG file */
export function drawCurve(curve: readonly CurvePoint[]): string {
  const validation = curve.flatMap((point) =>
    point.validation === undefined ? [] : [[point.tokens / 1e6, point.validation] as const],
  );
  const chart = chartOf(
    [
      {
        label: 'training',
        color: '#2f6cb5',
        isSmoothed: true,
        points: curve.map(({ tokens, loss }) => [tokens / 1e6, loss] as const),
      },
      { label: 'held out', color: '#b45309', points: validation },
    ],
    {
      ...{ title: 'Loss of the showcase model', width: WIDTH, height: HEIGHT, isLogarithmic: true },
      ...{ xLabel: 'million tokens', yLabel: 'nats per token' },
    },
  )!;
  const names = chart.legend.map(({ label, color, isFaint }, nth) => {
    const x = WIDTH - 14 - (chart.legend.length - nth) * STEP;
    return html`<rect x="${x}" y="7" width="14" height="3" fill="${color}" opacity="${isFaint ? 0.35 : 1}"/><text x="${x + 20}" y="12">${label}</text>`;
  });
  return `${chart.svg.text
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('>', `><style>${STYLE}</style>${html`${names}`}`)}\n`;
}
