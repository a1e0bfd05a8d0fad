/** The samples of a command as one HTML file that needs nothing else. */
import { escapeHtml } from '../report/chart.ts';
import type { SamplingCodec } from './codec.ts';
import type { Tile } from './sheet.ts';

const STYLE = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; background: #18181b; color: #e4e4e7; }
table { border-collapse: collapse; margin: 1rem 0; } td { padding: 0 1rem 0 0; }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 16px; }
figure { margin: 0; } figcaption { font-size: 12px; color: #a1a1aa; max-width: 16rem; }
img, .none { min-width: 128px; min-height: 128px; background: #3f3f46; image-rendering: pixelated; }
.bad { color: #fca5a5; }`;

/** @param settings as in each sample's description: seed, settings, checkpoint */
export function samplesPage(
  rows: readonly Tile[][],
  settings: Record<string, unknown>,
  { still, width, height }: SamplingCodec,
): string {
  const lines = flat(settings).map(
    ([key, value]) => `<tr><td>${escapeHtml(key)}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  const figures = rows.map(
    (row) => `<div class="row">${row.map((tile) => figureOf(tile, still.mime)).join('')}</div>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Samples</title><style>${STYLE}</style></head>
<body><h1>Samples, ${width}x${height}</h1>
<table>${lines.join('\n')}</table>
${figures.join('\n')}
</body></html>
`;
}

function figureOf({ picture, caption, moving, sample }: Tile, mime: string): string {
  const image = [
    picture ? imageOf(picture, mime, caption) : '<div class="none"></div>',
    moving ? `<br>${imageOf(moving.file, moving.mime, `${caption}, moving`)}` : '',
  ].join('');
  const notes = sample
    ? [
        `${sample.tokens} tokens, ${sample.bytes} bytes`,
        `mean ln p ${sample.logProbability}`,
        `${sample.corrected} corrected`,
      ]
    : [];
  const bad = sample?.reason ? `<br><span class="bad">${escapeHtml(sample.reason)}</span>` : '';
  return `<figure>${image}<figcaption>${[caption, ...notes].map(escapeHtml).join('<br>')}${bad}</figcaption></figure>`;
}

function imageOf(file: Uint8Array, mime: string, alt: string): string {
  const data = Buffer.from(file).toString('base64');
  return `<img src="data:${mime};base64,${data}" alt="${escapeHtml(alt)}">`;
}

/** `{settings: {topK: 40}}` as `[['settings.topK', '40']]`. */
function flat(value: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null
      ? flat(inner as Record<string, unknown>, `${prefix}${key}.`)
      : [[`${prefix}${key}`, String(inner)]],
  );
}
