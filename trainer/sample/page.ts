/** The samples of a command as one self-contained HTML file. */

import { formatCount } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, inlineImage } from '../../base/html.ts';
import type { Codec } from '../../tokenizer/index.ts';
import type { SampleFile } from './output.ts';
import type { Tile } from './sheet.ts';

/** Samples keep their own size, because people look at the pixels. */
const STYLE = `
.row { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 20px }
.row figure { width: min-content; min-width: 11rem; max-width: 100% }
.row .none { height: 11rem }
.row img, .row .none { width: auto; min-width: 11rem; max-width: 100%; border-radius: 0; image-rendering: pixelated }
`;

/** @param settings as in each sample's description: seed, settings, checkpoint */
export function samplesPage(
  rows: readonly Tile[][],
  settings: Record<string, unknown>,
  { still, width, height }: Codec,
): string {
  const samples = rows.flat().flatMap(({ sample }) => sample ?? []);
  const figures = rows.map(
    (row) => html`<div class="row">${row.map((tile) => figureOf(tile, still.mime))}</div>\n`,
  );
  return htmlPage({
    title: 'Samples',
    style: STYLE,
    body: html`<h1>Samples, ${width}x${height}</h1>
<p>${summaryOf(samples)}</p>
${htmlPairs(flat(settings))}
${figures}`,
  });
}

function summaryOf(samples: readonly SampleFile[]): string {
  const sum = (of: (sample: SampleFile) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const [tokens, valid] = [sum((sample) => sample.tokens), sum(({ valid }) => (valid ? 1 : 0))];
  const changed = share(
    sum(({ corrected }) => corrected),
    tokens,
  );
  return `${samples.length} samples, ${valid} of them valid files; ${formatCount(tokens)} tokens drawn; the grammar forbade the model's favourite at ${changed} of them.`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function figureOf({ picture, caption, moving, sample }: Tile, mime: string): Html {
  const still = picture ? inlineImage(mime, picture, caption) : html`<div class="none"></div>`;
  const film = moving && inlineImage(moving.mime, moving.file, `${caption}, moving`);
  const size = sample?.bytes === undefined ? `${sample?.symbols} symbols` : `${sample.bytes} bytes`;
  const notes = sample && [
    html`${sample.tokens} tokens, ${size}<br>`,
    html`mean ln p ${sample.logProbability.toFixed(3)}<br>`,
    html`grammar changed ${share(sample.corrected, sample.tokens)}`,
  ];
  const bad = sample?.reason && html`<br><span class="bad">${sample.reason}</span>`;
  return html`<figure>${still}${film}<figcaption><b>${caption}</b>${notes}${bad}</figcaption></figure>`;
}

/**
 * Flattens `{settings: {topK: 40}, checkpoint: {path: 'c'}}` to `[['topK', '40'], ['checkpoint
 * path', 'c']]`.
 */
function flat(value: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null
      ? flat(inner as Record<string, unknown>, key === 'settings' ? '' : `${key} `)
      : [[`${prefix}${key}`, String(inner)]],
  );
}
