/** One self-contained HTML page of a run: what went in, how the loss fell, what came out. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { formatCount } from '../../base/format.ts';
import { readRunConfig } from '../run/directory.ts';
import { escapeHtml, lineChart } from './chart.ts';
import { readSeries, type Series } from './series.ts';

export interface ReportOptions {
  /** Run directory of `trainer fit`. */
  run: string;
  title: string;
  /** Documents of the corpus. */
  inputs?: Pictures;
  /** What the model wrote; null for a sample that is not valid. */
  samples?: Pictures;
  /** Path of the page. */
  to: string;
}

export interface ReportPicture {
  /** `image/jpeg` */
  type: string;
  file: Uint8Array;
}

export interface Pictures {
  pictures: readonly (ReportPicture | null)[];
  /** A line under the heading, e.g. the sampling settings. */
  note?: string;
}

/** @throws CodecLmError `INPUT_NOT_FOUND` when RUN holds no run */
export async function writeReport(options: ReportOptions): Promise<void> {
  const config = await readRunConfig(options.run);
  const series = await readSeries(options.run);
  const { model } = config;
  const page = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(options.title)}</title><style>${STYLE}</style></head><body><main>`,
    `<h1>${escapeHtml(options.title)}</h1>`,
    `<p>A Llama of ${model.layers} blocks, ${model.hiddenSize} wide, ${model.heads} heads.</p>`,
    summary(series),
    '<h2>Loss</h2>',
    lossChart(series),
    '<h2>Tokens a second</h2>',
    speedChart(series),
    ...gallery('Inputs', options.inputs),
    ...gallery('Samples', options.samples),
    '</main></body></html>\n',
  ].join('\n');
  try {
    await makeFolder(dirname(options.to));
    await writeFile(options.to, page);
  } catch (error) {
    throw writeError(error, options.to, 'writing the page');
  }
}

function summary({ train, val }: Series): string {
  const last = train.at(-1);
  if (last === undefined) return '<p class="empty">No step has been done yet.</p>';
  const seconds = train.reduce((sum, row) => sum + row.seconds, 0);
  const rows: [string, string][] = [
    ['steps', formatCount(last.step)],
    ['tokens seen', formatCount(last.tokensSeen)],
    ['training loss, last step', `${last.loss.toFixed(4)} nats a token`],
    ['loss of token frequencies alone', `${last.unigramLoss.toFixed(4)} nats a token`],
    ['bits per byte, last step', last.bitsPerByte.toFixed(4)],
    [
      'tokens a second, mean',
      formatCount(train.reduce((sum, row) => sum + row.tokens, 0) / seconds),
    ],
  ];
  const lastVal = val.at(-1);
  if (lastVal) rows.push(['validation loss, last', `${lastVal.loss.toFixed(4)} nats a token`]);
  return `<table>${rows.map(([key, value]) => `<tr><th>${key}</th><td>${value}</td></tr>`).join('')}</table>`;
}

function lossChart({ train, val }: Series): string {
  const lines = [
    {
      label: 'training',
      color: 'var(--train)',
      points: train.map((row) => [row.step, row.loss] as const),
    },
    {
      label: 'token frequencies alone',
      color: 'var(--unigram)',
      dashed: true,
      points: train.map((row) => [row.step, row.unigramLoss] as const),
    },
  ];
  if (val.length > 0) {
    const points = val.map((row) => [row.step, row.loss] as const);
    lines.push({ label: 'validation', color: 'var(--val)', dashed: false, points });
  }
  return lineChart(lines, { title: 'Loss over steps', xLabel: 'step', yLabel: 'nats a token' });
}

function speedChart({ train }: Series): string {
  const points = train.map((row) => [row.step, row.tokensPerSecond] as const);
  return lineChart([{ label: 'tokens/s', color: 'var(--train)', points }], {
    title: 'Tokens a second over steps',
    xLabel: 'step',
    yLabel: 'tokens/s',
    height: 180,
  });
}

function gallery(heading: string, pictures: Pictures | undefined): string[] {
  if (pictures === undefined) return [];
  const tiles = pictures.pictures.map((picture, i) => {
    const name = `${heading.toLowerCase().replace(/s$/, '')} ${i}`;
    if (picture === null) return `<div class="tile" title="${name}: not a picture"></div>`;
    const data = Buffer.from(picture.file).toString('base64');
    return `<img class="tile" alt="${name}" title="${name}" src="data:${picture.type};base64,${data}">`;
  });
  const note = pictures.note ? `<p>${escapeHtml(pictures.note)}</p>` : '';
  return [`<h2>${heading}</h2>`, note, `<div class="gallery">${tiles.join('\n')}</div>`];
}

const STYLE = `
:root { color-scheme: light dark; --train: #2563eb; --val: #d97706; --unigram: #8a8f98; --line: #8883; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 900px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; opacity: 0.75; }
.grid { stroke: var(--line); } .empty { opacity: 0.7; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 2px 16px 2px 0; }
th { font-weight: normal; opacity: 0.75; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 6px; }
.tile { width: 100%; aspect-ratio: auto; image-rendering: auto; background: #8882; min-height: 64px; display: block; }
`;
