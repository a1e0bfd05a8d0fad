/** The page of `shards inspect --html` as text: no script, no file beside it. */
import type { DatasetSummary, Histogram } from './inspect.ts';

export interface Picture {
  docId: number;
  /** `data:` address of a viewable file, or undefined for a document that is not canonical. */
  source?: string;
  caption: string;
}

export interface TokenFrequency {
  id: number;
  text: string;
  count: number;
}

export interface PageData {
  summary: DatasetSummary;
  table: string;
  pictures: Picture[];
  /** Most frequent first. */
  frequencies: TokenFrequency[];
}

const WIDTH = 640;
const HEIGHT = 220;
const LISTED_TOKENS = 24;

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
pre { font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f3; padding: 1rem; border-radius: 6px }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 10px }
.strips { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)) }
figure { margin: 0 } figure img { width: 100%; image-rendering: auto; border-radius: 4px; display: block }
figcaption { font-size: 11px; color: #666; overflow-wrap: anywhere }
svg { max-width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #555 }
@media (prefers-color-scheme: dark) { body { background: #191918; color: #ddd } pre { background: #242422 } }
`;

export function renderPage({ summary, table, pictures, frequencies }: PageData): string {
  const { manifest, documentTokens } = summary;
  const parts = [
    `<h1>${escapeHtml(summary.path)}</h1>`,
    `<pre>${escapeHtml(table)}</pre>`,
    `<h2>Documents</h2><p>${pictures.length} of ${manifest.totals.documents}, evenly spaced.</p>`,
    `<div class="sheet${manifest.codec.name === 'avc' ? ' strips' : ''}">${pictures.map(figure).join('\n')}</div>`,
    documentTokens ? `<h2>Tokens a document</h2>${lengthPlot(documentTokens)}` : '',
    `<h2>Token frequency</h2><p>Share of each token by its rank, both axes logarithmic, in the rows sampled.</p>`,
    frequencyPlot(frequencies),
    `<pre>${escapeHtml(tokenList(frequencies))}</pre>`,
    `<h2>Configuration</h2><pre>${escapeHtml(JSON.stringify(manifest.config, null, 2))}</pre>`,
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(summary.path)}</title><style>${STYLE}</style></head><body>`,
    ...parts,
    '</body></html>\n',
  ].join('\n');
}

function figure({ source, caption }: Picture): string {
  const picture = source
    ? `<img src="${source}" alt="document ${escapeHtml(caption)}" loading="lazy">`
    : '';
  return `<figure>${picture}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function lengthPlot({ bins }: Histogram): string {
  const most = Math.max(...bins.map((bin) => bin.count));
  const width = WIDTH / bins.length;
  const bars = bins.map(({ from, to, count }, i) => {
    const height = (count / most) * (HEIGHT - 40);
    const x = i * width;
    const y = HEIGHT - 20 - height;
    const label = `<text x="${x + width / 2}" y="${HEIGHT - 6}" text-anchor="middle">${from}</text>`;
    const title = `<title>${from} to ${to - 1} tokens: ${count} documents</title>`;
    const bar = `<rect x="${x + 1}" y="${y}" width="${width - 2}" height="${height}" fill="#4a7bb7">${title}</rect>`;
    return `${bar}${label}<text x="${x + width / 2}" y="${y - 4}" text-anchor="middle">${count}</text>`;
  });
  return svg(bars.join(''));
}

function frequencyPlot(frequencies: TokenFrequency[]): string {
  if (frequencies.length === 0) return '';
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  const most = Math.log(frequencies[0].count / total);
  const least = Math.log(1 / total);
  const points = frequencies.map(({ count }, rank) => {
    const x = (Math.log(rank + 1) / Math.log(frequencies.length + 1)) * WIDTH;
    const y = ((most - Math.log(count / total)) / Math.max(1e-9, most - least)) * (HEIGHT - 30);
    return `${x.toFixed(1)},${(y + 10).toFixed(1)}`;
  });
  const percent = ((frequencies[0].count / total) * 100).toFixed(2);
  return svg(
    `<polyline points="${points.join(' ')}" fill="none" stroke="#4a7bb7" stroke-width="2"/>` +
      `<text x="8" y="${HEIGHT - 6}">rank 1: ${percent} %</text>` +
      `<text x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">rank ${frequencies.length}</text>`,
  );
}

function tokenList(frequencies: TokenFrequency[]): string {
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  return frequencies
    .slice(0, LISTED_TOKENS)
    .map(({ id, text, count }) => {
      const share = ((count / total) * 100).toFixed(2);
      return `${String(id).padStart(6)}  ${share.padStart(6)} %  ${text}`;
    })
    .join('\n');
}

function svg(content: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">${content}</svg>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
