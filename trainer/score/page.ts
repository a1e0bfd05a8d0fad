/** Scores as one self-contained page: each document beside the map of its bits. */
import { basename } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import { formatCount } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, inlineImage } from '../../base/html.ts';
import { type HeatScale, heatGradient, type Picture } from '../../tokenizer/index.ts';
import type { SourceScore } from './score.ts';

/** A document on the page. */
export interface MappedScore
  extends Pick<SourceScore, 'source' | 'unit' | 'bitsPerSymbol' | 'symbols' | 'tokens'> {
  picture: Picture;
  /** A PNG file. */
  map: Uint8Array;
  scale?: HeatScale;
}

const STYLE = `
.scores { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 26px 28px; margin-top: 1.2rem }
.scores .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 6px } .scores img + img { margin: 0 }
.scores .pair img { image-rendering: pixelated } .scores .scale { margin: 6px 0 0 }
`;

/** @returns the maps and what stands on the page beside them */
export async function mappedScore(score: SourceScore): Promise<MappedScore> {
  const { source, unit, bitsPerSymbol, symbols, tokens } = score;
  const [picture, map, scale] = [
    await score.picture(),
    await score.heatMap(),
    await score.heatScale(),
  ];
  return { source, unit, bitsPerSymbol, symbols, tokens, picture, map, scale };
}

/** @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE`; the page appears whole or not at all */
export async function writeScoresPage(
  path: string,
  scores: readonly MappedScore[],
  checkpoint: string,
): Promise<void> {
  const page = Buffer.from(scoresPage(scores, checkpoint));
  await writeAtomically(path, (file) => file.write(page));
}

export function scoresPage(scores: readonly MappedScore[], checkpoint: string): string {
  const [title, unit] = ['Where the bits go', scores[0]?.unit ?? 'byte'];
  const symbols = scores.reduce((sum, score) => sum + score.symbols, 0);
  const bits = scores.reduce((sum, score) => sum + score.bitsPerSymbol * score.symbols, 0);
  const mean = (bits / Math.max(1, symbols)).toFixed(4);
  return htmlPage({
    title,
    style: STYLE,
    body: html`<h1>${title}</h1>
<p class="lead">Each picture beside a map of the bits that the model needs for its parts: where it is dark the model knew what
comes, where it glows the file surprised it. Under the colours lies the picture in grey; each map has a scale of its own.</p>
<p>${scores.length} documents, ${formatCount(symbols)} ${unit}s, ${mean} bits per ${unit} over all.</p>
<div class="scores">${scores.map(figureOf)}</div>
<h2>Scored with</h2>${htmlPairs([['checkpoint', checkpoint]])}`,
  });
}

function figureOf(score: MappedScore): Html {
  const { source, unit, bitsPerSymbol, symbols, tokens, picture, map, scale } = score;
  const name = basename(source);
  const figures = `${bitsPerSymbol.toFixed(4)} bits per ${unit}; ${formatCount(symbols)} ${unit}s, ${formatCount(tokens)} tokens`;
  return html`<figure><div class="pair">${inlineImage(picture.type, picture.file, name)}${inlineImage('image/png', map, `${name}: map of its bits`)}</div>
${scale && legendOf(scale)}
<figcaption><b>${name}</b>${figures}</figcaption></figure>\n`;
}

function legendOf({ hottest, part }: HeatScale): Html {
  const most = hottest.toFixed(hottest < 10 ? 2 : 1);
  return html`<div class="scale">0<i style="background:${heatGradient()}"></i>${most} bits per ${part}</div>`;
}
