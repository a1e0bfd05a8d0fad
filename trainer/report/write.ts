/** Writes one self-contained HTML page about a run: its inputs, its loss and its samples. */

import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { formatCount } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, inlineImage } from '../../base/html.ts';
import { bitsOf } from '../../schemas/run.ts';
import { readRunConfig } from '../run/directory.ts';
import { lineChart } from './chart.ts';
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
}

/** @throws CodecLmError `INPUT_NOT_FOUND` when RUN holds no run */
export async function writeReport(options: ReportOptions): Promise<void> {
  const config = await readRunConfig(options.run);
  const series = await readSeries(options.run);
  const { model } = config;
  const page = htmlPage({
    title: options.title,
    body: html`<h1>${options.title}</h1>
<p>A Llama of ${model.layers} blocks, ${model.hiddenSize} wide, ${model.heads} heads.</p>
${summary(series)}
<h2>Loss</h2>${lossChart(series)}
<h2>Tokens per second</h2>${speedChart(series)}
${gallery('Inputs', options.inputs)}${gallery('Samples', options.samples)}`,
  });
  try {
    await makeFolder(dirname(options.to));
    await writeFile(options.to, page);
  } catch (error) {
    throw writeError(error, options.to, 'writing the page');
  }
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
  const lines = [
    {
      label: 'training',
      color: 'var(--accent)',
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
    lines.push({ label: 'validation', color: 'var(--second)', dashed: false, points });
  }
  return lineChart(lines, { title: 'Loss over steps', xLabel: 'step', yLabel: 'nats per token' });
}

function speedChart({ train }: Series): Html {
  const points = train.map((row) => [row.step, row.tokensPerSecond] as const);
  return lineChart([{ label: 'tokens/s', color: 'var(--accent)', points }], {
    title: 'Tokens per second over steps',
    xLabel: 'step',
    yLabel: 'tokens/s',
    height: 180,
  });
}

function gallery(heading: string, pictures: Pictures | undefined): Html | undefined {
  if (pictures === undefined) return undefined;
  const figures = pictures.pictures.map((picture, i) => {
    const name = `${heading.toLowerCase().replace(/s$/, '')} ${i}`;
    const shown = picture
      ? inlineImage(picture.type, picture.file, name)
      : html`<div class="none" title="${name}: not a picture"></div>`;
    return html`<figure>${shown}</figure>\n`;
  });
  const note = pictures.note !== undefined && html`<p>${pictures.note}</p>`;
  return html`<h2>${heading}</h2>${note}<div class="sheet">${figures}</div>`;
}
