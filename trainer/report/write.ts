/** Writes one self-contained HTML page about a run: its inputs, its loss and its samples. */

import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Line, lineChart } from '../../base/chart/lines.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { formatCount } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, htmlTiles, inlineImage } from '../../base/html.ts';
import { bitsOf } from '../../schemas/run.ts';
import { readRunConfig } from '../run/directory.ts';
import { readSeries, type Series } from './series.ts';

export interface ReportOptions {
  /** Run directory of `trainer fit`. */
  run: string;
  title: string;
  /** Documents of the dataset. */
  inputs?: Pictures;
  /** Samples of the model; null for a sample that is not valid. */
  samples?: Pictures;
  /** Path of the page. */
  to: string;
}

export interface ReportPicture {
  /** Media type such as `image/jpeg`. */
  type: string;
  file: Uint8Array;
}

export interface Pictures {
  pictures: readonly (ReportPicture | null)[];
  /** A line under the heading, such as the sampling settings. */
  note?: string;
  /** Strips of frames and the like, of which few fit side by side. */
  isOfStrips?: boolean;
  /** So small that single pixels are looked at. */
  isTiny?: boolean;
}

/** @throws CodecLmError `INPUT_NOT_FOUND` when RUN holds no run */
export async function writeReport(options: ReportOptions): Promise<void> {
  const config = await readRunConfig(options.run);
  const series = await readSeries(options.run);
  const { model } = config;
  const page = htmlPage({
    title: options.title,
    body: html`<h1>${options.title}</h1>
<p class="lead">How a Llama of ${model.layers} blocks, ${model.hiddenSize} wide, with ${model.heads} heads, learned to write files${options.samples && ', and what it writes'}.</p>
${tiles(series)}
${gallery('Samples', 'Files that the model wrote.', options.samples)}
<h2>Loss</h2>
<p>Nats (1.44 bits) that the model needs for a token; lower is better. ${lossWords(series)}</p>${lossChart(series)}
${gallery('Inputs', 'What it learned from.', options.inputs)}
<h2>Speed</h2>${speedChart(series)}
<h2>In numbers</h2>${summary(series)}`,
  });
  try {
    await makeFolder(dirname(options.to));
    await writeFile(options.to, page);
  } catch (error) {
    throw writeError(error, options.to, 'writing the page');
  }
}

/** What a visitor looks for first. */
function tiles({ train, val }: Series): Html | undefined {
  const last = train.at(-1);
  if (last === undefined) return undefined;
  const { bits, unit } = bitsOf(val.at(-1) ?? last);
  const of = val.length > 0 ? 'held-out documents' : 'the last step';
  const list: [string, string][] = [
    [formatCount(last.step), 'steps'],
    [formatCount(last.tokensSeen), 'tokens seen'],
    [(val.at(-1) ?? last).loss.toFixed(3), `nats per token of ${of}`],
    [bits.toFixed(3), `bits per ${unit} of ${of}`],
  ];
  return htmlTiles(list);
}

function lossWords({ val }: Series): string {
  const held =
    val.length > 0
      ? 'Validation is on documents that are not learned from: where it rises while training falls, the model learns by heart.'
      : 'Nothing was held out, so nobody knows what it needs for other documents.';
  return `A model that knows only how frequent tokens are would follow the dashed line. ${held}`;
}

function summary({ train, val }: Series): Html {
  const last = train.at(-1);
  if (last === undefined) return html`<p>No step has been done yet.</p>`;
  const seconds = train.reduce((sum, row) => sum + row.seconds, 0);
  const { bits, unit } = bitsOf(last);
  const rows: [string, string][] = [
    ['steps', formatCount(last.step)],
    ['tokens seen', formatCount(last.tokensSeen)],
    ['training loss, last step', `${last.loss.toFixed(4)} nats per token`],
    ['loss of token frequencies alone', `${last.unigramLoss.toFixed(4)} nats per token`],
    [`bits per ${unit}, last step`, bits.toFixed(4)],
    [
      'tokens per second, mean',
      formatCount(train.reduce((sum, row) => sum + row.tokens, 0) / seconds),
    ],
  ];
  const lastVal = val.at(-1);
  if (lastVal) rows.push(['validation loss, last', `${lastVal.loss.toFixed(4)} nats per token`]);
  return htmlPairs(rows);
}

function lossChart({ train, val }: Series): Html {
  const lines: Line[] = [
    {
      label: 'training',
      color: 'var(--accent)',
      isSmoothed: true,
      points: train.map((row) => [row.step, row.loss] as const),
    },
    {
      label: 'token frequencies alone',
      color: 'var(--third)',
      dashed: true,
      points: train.map((row) => [row.step, row.unigramLoss] as const),
    },
  ];
  if (val.length > 0) {
    const points = val.map((row) => [row.step, row.loss] as const);
    lines.push({ label: 'validation', color: 'var(--second)', points });
  }
  return lineChart(lines, {
    ...{ title: 'Loss over steps', xLabel: 'step', yLabel: 'nats per token' },
    isLogarithmic: true,
  });
}

function speedChart({ train }: Series): Html {
  const points = train.map((row) => [row.step, row.tokensPerSecond] as const);
  const line = { label: 'training', color: 'var(--accent)', points, isSmoothed: true };
  return lineChart([line], {
    ...{ title: 'Tokens per second over steps', xLabel: 'step', yLabel: 'tokens per second' },
    height: 200,
  });
}

function gallery(heading: string, lead: string, pictures: Pictures | undefined): Html | undefined {
  if (pictures === undefined) return undefined;
  const figures = pictures.pictures.map((picture, i) => {
    const name = `${heading.toLowerCase().replace(/s$/, '')} ${i}`;
    const shown = picture
      ? inlineImage(picture.type, picture.file, name)
      : html`<div class="none" title="${name}: not a picture"></div>`;
    return html`<figure>${shown}</figure>\n`;
  });
  const { note, isOfStrips, isTiny } = pictures;
  const kinds = ['sheet', isOfStrips && 'strips', isTiny && 'tiny'].filter(Boolean).join(' ');
  const words = note === undefined ? lead : `${lead} ${sentence(note)}`;
  return html`<h2>${heading}</h2><p>${words}</p><div class="${kinds}">${figures}</div>`;
}

function sentence(note: string): string {
  return `${note[0].toUpperCase()}${note.slice(1)}${note.endsWith('.') ? '' : '.'}`;
}
