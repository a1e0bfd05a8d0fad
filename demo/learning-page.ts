/** The page of the demo: samples of the shipped model, how another learns, and completions. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineChart } from '../base/chart/lines.ts';
import { type Html, html, htmlPage, inlineImage } from '../base/html.ts';
import { readMetrics } from '../trainer/index.ts';

export interface LearningPage {
  /** Path of the page. */
  page: string;
  /** Folder of samples of the shipped model. */
  shipped: string;
  /** Run directory of the training. */
  run: string;
  stages: readonly { step: number; samples: string }[];
  /** Folder of completions. */
  completions: string;
}

/** Samples of a step that stand side by side. */
const SHOWN = 12;
/** Columns of the sheet of completions: original, prompt, continuations. */
const COLUMNS = ['original', 'given', '1', '2', '3', '4'];

const STYLE = `
.letters { display: grid; grid-template-columns: repeat(8, 1fr); gap: 8px }
.letters img { width: 100%; border-radius: 3px; display: block; outline: 1px solid var(--line); outline-offset: -1px }
.stage { display: grid; grid-template-columns: 11rem 1fr; gap: .4rem 1rem; padding: .8rem 0; border-top: 1px solid var(--line) }
.stage h3 { margin: 0 } .stage p { margin: 0; font-size: 14px } .stage .letters { grid-template-columns: repeat(${SHOWN}, 1fr) }
@media (max-width: 48rem) { .letters { grid-template-columns: repeat(4, 1fr) } .stage { grid-template-columns: 1fr } .stage .letters { grid-template-columns: repeat(6, 1fr) } }
.completions { max-width: 50rem } .completions img { width: 100%; display: block; border-radius: 4px }
.heads { display: grid; grid-template-columns: repeat(${COLUMNS.length}, 1fr); font-size: 13px; color: var(--soft); text-align: center }
`;

export async function writeLearningPage(options: LearningPage): Promise<void> {
  const { train, val } = await readMetrics(options.run);
  const losses = new Map(train.map(({ step, loss }) => [step, loss]));
  const stages = await Promise.all(
    options.stages.map(async ({ step, samples }) => {
      const loss = losses.get(step)?.toFixed(2);
      const words = html`<div><h3>After step ${step}: loss ${loss}</h3>${await grammarNote(samples)}</div>`;
      return html`<div class="stage">${words}${await letters(samples, SHOWN)}</div>`;
    }),
  );
  const lines = [
    { label: 'training', color: 'var(--accent)', points: pointsOf(train), isSmoothed: true },
    { label: 'held out', color: 'var(--second)', points: pointsOf(val) },
  ];
  const sheet = await readFile(join(options.completions, 'sheet.png'));
  const body = html`<h1>Letters that a language model wrote, byte by byte</h1>
<p class="lead">Every picture here is a JPEG file whose bytes a Llama drew, one token after another. No part of it knows
what a picture is; a grammar forbids only bytes that no JPEG file could go on with.</p>
<h2>The model that comes with the repository</h2>
<p>The first samples of seed 0, none left out.</p>
<div class="tiny">${await letters(options.shipped)}</div>
<h2>A model that was trained just now, from nothing</h2>
<p>The loss is how many nats (1.44 bits) the model needs for a token. Below it, the first samples of seed 0 at each step.</p>
${lineChart(lines, { title: 'Loss', xLabel: 'step', yLabel: 'nats per token', isLogarithmic: true })}
<div class="tiny">${stages}</div>
<h2>Completions</h2>
<p>Letters of a font that the shipped model has not seen: original, the upper half that it was given, and four files that
it wrote from there on.</p>
<div class="completions tiny"><div class="heads">${COLUMNS.map((name) => html`<span>${name}</span>`)}</div>
${inlineImage('image/png', sheet, 'completions: original, given part, four continuations')}</div>`;
  await writeFile(options.page, htmlPage({ title: 'codec-lm: the demo', body, style: STYLE }));
}

const pointsOf = (metrics: readonly { step: number; loss: number }[]) =>
  metrics.map(({ step, loss }) => [step, loss] as const);

/** What the grammar did: a model that knows little is held up by it. */
async function grammarNote(folder: string): Promise<Html | undefined> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (names.length === 0) return undefined;
  const described = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
  );
  const sum = (key: 'tokens' | 'corrected') =>
    described.reduce((total, sample) => total + sample[key], 0);
  const changed = ((100 * sum('corrected')) / sum('tokens')).toFixed(1);
  return html`<p>The grammar changed ${changed} % of the tokens.</p>`;
}

async function letters(folder: string, most = Number.POSITIVE_INFINITY): Promise<Html> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  const images = names
    .slice(0, most)
    .map(async (name, nth) =>
      inlineImage('image/jpeg', await readFile(join(folder, name)), `sample ${nth}`),
    );
  return html`<div class="letters">${await Promise.all(images)}</div>`;
}
