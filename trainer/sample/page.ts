/** The samples of a command as one HTML file that needs nothing else. */
import { formatCount } from '../../base/format.ts';
import type { Codec } from '../../tokenizer/codecs/codec.ts';
import { escapeHtml } from '../report/chart.ts';
import type { SampleFile } from './output.ts';
import type { Tile } from './sheet.ts';

const STYLE = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; background: #18181b; color: #e4e4e7; }
table { border-collapse: collapse; margin: 1rem 0 2rem; } td { padding: 0 1.5rem 0 0; }
td:first-child { color: #a1a1aa; } td + td { overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 20px; }
figure { margin: 0; width: min-content; min-width: 11rem; }
figcaption { font-size: 12px; color: #a1a1aa; margin-top: 4px; overflow-wrap: anywhere; }
figcaption b { color: #e4e4e7; font-weight: 600; }
img, .none { min-width: 11rem; min-height: 64px; background: #3f3f46; image-rendering: pixelated; }
.bad { color: #fca5a5; }`;

/** @param settings as in each sample's description: seed, settings, checkpoint */
export function samplesPage(
  rows: readonly Tile[][],
  settings: Record<string, unknown>,
  { still, width, height }: Codec,
): string {
  const lines = flat(settings).map(
    ([key, value]) => `<tr><td>${escapeHtml(key)}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  const samples = rows.flat().flatMap(({ sample }) => sample ?? []);
  const figures = rows.map(
    (row) => `<div class="row">${row.map((tile) => figureOf(tile, still.mime)).join('')}</div>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Samples</title><style>${STYLE}</style></head>
<body><h1>Samples, ${width}x${height}</h1>
<p>${escapeHtml(summaryOf(samples))}</p>
<table>${lines.join('\n')}</table>
${figures.join('\n')}
</body></html>
`;
}

function summaryOf(samples: readonly SampleFile[]): string {
  const sum = (of: (sample: SampleFile) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const [tokens, valid] = [sum((sample) => sample.tokens), sum(({ valid }) => (valid ? 1 : 0))];
  const changed = share(
    sum(({ corrected }) => corrected),
    tokens,
  );
  return `${samples.length} samples, ${valid} of them valid files; ${formatCount(tokens)} tokens drawn, of which the grammar changed the model's favourite at ${changed}.`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function figureOf({ picture, caption, moving, sample }: Tile, mime: string): string {
  const image = [
    picture ? imageOf(picture, mime, caption) : '<div class="none"></div>',
    moving ? `<br>${imageOf(moving.file, moving.mime, `${caption}, moving`)}` : '',
  ].join('');
  const notes = sample
    ? [
        `${sample.tokens} tokens, ${sample.bytes === undefined ? `${sample.symbols} symbols` : `${sample.bytes} bytes`}`,
        `mean ln p ${sample.logProbability.toFixed(3)}`,
        `grammar changed ${share(sample.corrected, sample.tokens)}`,
      ]
    : [];
  const bad = sample?.reason ? `<br><span class="bad">${escapeHtml(sample.reason)}</span>` : '';
  return `<figure>${image}<figcaption>${[`<b>${escapeHtml(caption)}</b>`, ...notes.map(escapeHtml)].join('<br>')}${bad}</figcaption></figure>`;
}

function imageOf(file: Uint8Array, mime: string, alt: string): string {
  const data = Buffer.from(file).toString('base64');
  return `<img src="data:${mime};base64,${data}" alt="${escapeHtml(alt)}">`;
}

/** `{settings: {topK: 40}, checkpoint: {path: 'c'}}` as `[['topK', '40'], ['checkpoint path', 'c']]`. */
function flat(value: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null
      ? flat(inner as Record<string, unknown>, key === 'settings' ? '' : `${key} `)
      : [[`${prefix}${key}`, String(inner)]],
  );
}
