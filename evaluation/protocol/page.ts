/** The evaluation as one self-contained page: tables, and some pictures with their completions. */
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { readError } from '../../base/file-error.ts';
import { type Html, html, htmlPage, htmlTable, inlineImage } from '../../base/html.ts';
import { type EvaluationTable, REFERENCES } from '../../schemas/protocol.ts';
import type { Codec } from '../../tokenizer/index.ts';
import { conditionsOf, givenRows, type PromptCondition, pictureName } from './layout.ts';
import { sentence, summaryOf, textTables, titleOf } from './markdown.ts';
import { canonicalName } from './prepare.ts';
import { asPng, promptPicture, readPixels } from './rasters.ts';
import type { RowSets } from './table.ts';
import type { Work } from './work.ts';

/** Pictures of each condition, from all parts of the set. */
const SHOWN = 6;
/** Completions of a row beside each picture. */
const SETS = 3;

/** Pictures keep their pixels; small ones are enlarged so that they can be seen. */
const STYLE = `
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 10px; padding: 10px 0; border-top: 1px solid var(--line) }
.row img { image-rendering: pixelated; border-radius: 0 }
caption { text-align: left; color: var(--soft) }
`;

const TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
};

export async function evaluationPage(
  work: Work,
  codec: Codec,
  table: EvaluationTable,
  rows: readonly RowSets[],
): Promise<string> {
  const conditions = conditionsOf(work.plan.settings);
  const galleries: Html[] = [];
  for (const condition of conditions) {
    const chosen = evenly(work.plan.pictures.length, SHOWN);
    const lines: Html[] = [];
    for (const index of chosen) lines.push(await figuresFor(work, codec, condition, index, rows));
    // Without a prompt the pictures of a line have nothing in common.
    const isLined = condition.ratio !== undefined;
    const shown = isLined ? lines.map(row) : row(lines);
    galleries.push(html`<h2>Pictures, ${condition.title}</h2>${shown}\n`);
  }
  const tables = textTables(table).map(
    ({ title, note, head, rows: cells }) =>
      html`<h2>${title}</h2>${note && html`<p>${sentence(note)}</p>`}${htmlTable(head, cells)}\n`,
  );
  // The figure that papers print, pictures, then all the rest.
  const first = table.network ? REFERENCES.length : 0;
  return htmlPage({
    title: titleOf(table),
    style: STYLE,
    body: html`<h1>${titleOf(table)}</h1>
<p class="lead">Pictures, the part of each that a model was given, and what it made of that; then the tables.</p>
<p>${summaryOf(table)}</p>
${table.notes.map((note) => html`<p>${sentence(note)}</p>`)}
${tables.slice(0, first)}${galleries}${tables.slice(first)}`,
  });
}

async function figuresFor(
  { layout, plan }: Work,
  codec: Codec,
  condition: PromptCondition,
  index: number,
  rows: readonly RowSets[],
): Promise<Html> {
  const figures: Html[] = [];
  const { isHalf } = condition;
  if (condition.ratio !== undefined) {
    const original = join(layout.prepared('originals', isHalf), `${pictureName(index)}.png`);
    const canonical = join(layout.prepared('canonical', isHalf), canonicalName(index, codec));
    const given = promptPicture(await readPixels(original), givenRows(condition, codec));
    figures.push(figure('prompt', 'image/png', await asPng(given), plan.pictures[index].name));
    figures.push(await figureOf('original', original));
    figures.push(await figureOf('as the codec writes it', canonical));
  }
  for (const { name, byCondition } of rows) {
    const sets = (byCondition.get(condition.id) ?? []).slice(0, SETS);
    for (const { title, list } of sets) {
      const caption = sets.length > 1 ? `${name}, ${title}` : name;
      figures.push(await figureOf(caption, list.files[index]));
    }
  }
  return html`${figures}`;
}

function row(figures: Html | readonly Html[]): Html {
  return html`<div class="row">${figures}</div>`;
}

async function figureOf(caption: string, path: string): Promise<Html> {
  const file = await readFile(path).catch((error) => {
    throw readError(error, path);
  });
  return figure(caption, TYPES[extname(path)] ?? 'image/png', file);
}

function figure(caption: string, type: string, file: Uint8Array, note?: string): Html {
  const more = note !== undefined && html`${note}`;
  return html`<figure>${inlineImage(type, file, caption)}<figcaption><b>${caption}</b>${more}</figcaption></figure>`;
}

/** Numbers from 0 to below `count`, evenly spaced. */
function evenly(count: number, most: number): number[] {
  const chosen = Math.min(count, most);
  return Array.from({ length: chosen }, (_, i) => Math.floor((i * count) / chosen));
}
