/** The page of the demo: samples of the shipped model, how another learns, and completions. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Html, html, htmlPage, inlineImage } from '../base/html.ts';
import { readMetrics } from '../trainer/index.ts';
import { lineChart } from '../trainer/report/chart.ts';

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

const STYLE = `
.letters { display: grid; grid-template-columns: repeat(auto-fill, minmax(64px, 1fr)); gap: 6px; margin-bottom: 1.2rem }
.letters img, .wide img { border-radius: 3px; display: block; max-width: 100% } .letters img { width: 100% }
`;

export async function writeLearningPage(options: LearningPage): Promise<void> {
  const { train, val } = await readMetrics(options.run);
  const losses = new Map(train.map(({ step, loss }) => [step, loss]));
  const stages = await Promise.all(
    options.stages.map(async ({ step, samples }) => {
      const loss = losses.get(step)?.toFixed(2);
      return html`<h3>After step ${step}: loss ${loss}</h3>${await letters(samples, SHOWN)}`;
    }),
  );
  const lines = [
    { label: 'training', color: 'var(--accent)', points: pointsOf(train) },
    { label: 'held out', color: 'var(--second)', points: pointsOf(val) },
  ];
  const body = html`<h1>Letters that a language model wrote, byte by byte</h1>
<p>Every picture here is a JPEG file whose bytes a Llama drew one token after another.</p>
<h2>The model that comes with the repository</h2>
<p>The first samples of seed 0, none left out.</p>
${await letters(options.shipped)}
<h2>A model that was trained just now, from nothing</h2>
${lineChart(lines, { title: 'Loss', xLabel: 'step', yLabel: 'nats per token' })}
${stages}
<h2>Completions</h2>
<p>Letters of a font that the shipped model has not seen: original, the upper half that it was given, and four files that it wrote from there on.</p>
<div class="wide">${inlineImage('image/png', await readFile(join(options.completions, 'sheet.png')), 'completions')}</div>`;
  await writeFile(options.page, htmlPage({ title: 'codec-lm: the demo', body, style: STYLE }));
}

const pointsOf = (metrics: readonly { step: number; loss: number }[]) =>
  metrics.map(({ step, loss }) => [step, loss] as const);

async function letters(folder: string, most = Number.POSITIVE_INFINITY): Promise<Html> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  const images = names
    .slice(0, most)
    .map(async (name, nth) =>
      inlineImage('image/jpeg', await readFile(join(folder, name)), `sample ${nth}`),
    );
  return html`<div class="letters">${await Promise.all(images)}</div>`;
}
