/** The samples of a command as one self-contained HTML file. */

import { formatCount } from '../../base/format.ts';
import {
  type Html,
  html,
  htmlPage,
  htmlPairs,
  inlineImage,
  TINY_PICTURE,
} from '../../base/html.ts';
import type { Codec } from '../../tokenizer/index.ts';
import type { SampleFile } from './output.ts';
import type { Tile } from './sheet.ts';

/** A row is a prompt with all that belongs to it; samples from nothing flow on. */
const STYLE = `
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(8.8rem, 46%), 1fr)); gap: 14px 12px; padding: 14px 0 }
.row + .row { border-top: 1px solid var(--line) }
.films .row { grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)) }
.row .none { min-height: 8rem; height: auto }
.film { display: grid; gap: 4px } .film img + img { width: auto; min-width: 45%; margin: 0; image-rendering: pixelated }
`;

/** @param settings as in each sample's description: seed, settings, checkpoint */
export function samplesPage(
  rows: readonly Tile[][],
  settings: Record<string, unknown>,
  { still, width, height }: Codec,
): string {
  const samples = rows.flat().flatMap(({ sample }) => sample ?? []);
  const isContinued = samples.some(({ promptTokens }) => promptTokens > 1);
  // Without prompts the rows of the sheet mean nothing.
  const groups = isContinued ? rows : [rows.flat()];
  const figures = groups.map(
    (row) => html`<div class="row">${row.map((tile) => figureOf(tile, still.mime))}</div>\n`,
  );
  const isTiny = Math.max(width, height) <= TINY_PICTURE;
  const kind = still.isStrip ? 'films' : isTiny && 'tiny';
  const noun = still.isStrip ? 'clips' : 'pictures';
  return htmlPage({
    title: `Samples, ${width}x${height}`,
    style: STYLE,
    body: html`<h1>Samples, ${width}x${height}</h1>
<p class="lead">${isContinued ? continuedLead(noun, still.givenMark) : fromNothingLead(noun)}</p>
<p>${summaryOf(samples)}</p>
<section class="${kind}">${figures}</section>
<h2>Drawn with</h2>
${htmlPairs(flat(settings))}`,
  });
}

function fromNothingLead(noun: string): string {
  return `A language model wrote these ${noun} from nothing, one token of the file after another; none is left out.`;
}

function continuedLead(noun: string, mark: string | undefined): string {
  const marked = mark === undefined ? '' : ` ${mark}`;
  return `Each row begins with an original and the part of it that the model was given; then come ${noun} that begin with that part and that the model wrote to their end.${marked}`;
}

function summaryOf(samples: readonly SampleFile[]): string {
  const sum = (of: (sample: SampleFile) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  const [tokens, valid] = [sum((sample) => sample.tokens), sum(({ valid }) => (valid ? 1 : 0))];
  const corrected = sum((sample) => sample.corrected);
  const changed =
    corrected === 0
      ? 'the grammar changed none of them'
      : `at ${share(corrected, tokens)} of them the grammar forbade the model's favourite, and another was drawn`;
  const count = samples.length === 1 ? '1 sample' : `${samples.length} samples`;
  return `${count}, ${valid} of them valid files; ${formatCount(tokens)} tokens drawn; ${changed}.`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)}\u00a0%`;
}

function figureOf({ picture, caption, moving, sample, given }: Tile, mime: string): Html {
  const still = picture ? inlineImage(mime, picture, caption) : html`<div class="none"></div>`;
  const film = moving && inlineImage(moving.mime, moving.file, `${caption}, moving`);
  const size = sample?.bytes === undefined ? `${sample?.symbols} symbols` : `${sample.bytes} bytes`;
  const notes = sample && [
    html`${sample.tokens} tokens, ${size}<br>`,
    html`mean ln p ${sample.logProbability.toFixed(3)}<br>`,
    html`grammar changed ${share(sample.corrected, sample.tokens)}`,
  ];
  const bad = sample?.reason && html`<br><span class="bad">${sample.reason}</span>`;
  const of = given !== undefined && html`${given}<br>`;
  return html`<figure><div class="film">${still}${film}</div><figcaption><b>${caption}</b>${of}${notes}${bad}</figcaption></figure>`;
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
