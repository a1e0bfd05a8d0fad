/** What people read of a training: a sheet of reconstructions, a page, and the numbers as JSON. */
import { join } from 'node:path';
import { replaceFile } from '../../../../base/atomic-file.ts';
import { lineChart } from '../../../../base/chart/lines.ts';
import { formatCount } from '../../../../base/format.ts';
import { html, htmlPage, htmlPairs, htmlTable, inlineImage } from '../../../../base/html.ts';
import { gridOf } from '../../pictures/grid.ts';
import { pngOf, type Raster } from '../../pictures/heat.ts';
import type { VqConfig } from '../config.ts';
import type { VqTrainOptions } from './options.ts';

const SHEET_FILE = 'reconstructions.png';
const PAGE_FILE = 'report.html';
const NUMBERS_FILE = 'report.json';

/** Pictures of the sheet, and of a row of it. */
const SHOWN = 16;
const COLUMNS = 8;
/** Pictures are enlarged to about this many pixels a side. */
const SIDE = 96;

export interface ReportContent {
  config: VqConfig;
  options: VqTrainOptions;
  parameters: number;
  /** Pictures that were learned from, and those that were held out. */
  pictures: number;
  heldOut: number;
  /** Lines of metrics.jsonl that measure. */
  measured: readonly Readonly<Record<string, number>>[];
  /** Held-out pictures and what comes back of them: [count, size, size, 3]. */
  given: Uint8Array;
  drawn: Uint8Array;
}

/** @returns paths of the files */
export async function writeVqReport(to: string, content: ReportContent): Promise<string[]> {
  const { config, options, parameters, pictures, heldOut, measured } = content;
  const sheet = await pngOf(sheetOf(content));
  const last = measured[measured.length - 1];
  const numbers = { parameters, pictures, heldOut, ...last, config, options, measured };
  const page = htmlPage({
    title: `VQ model of ${formatCount(pictures)} pictures`,
    style: '.back { max-width: 50rem } .back img { image-rendering: pixelated }',
    body: html`<h1>VQ model of ${formatCount(pictures)} pictures</h1>
<p class="lead">Pictures that it did not learn from, and below each what comes back of its codes.</p>
<figure class="back">${inlineImage('image/png', sheet, 'held-out pictures and their reconstructions')}</figure>
<h2>Measured on ${heldOut} held-out pictures</h2>
<p>PSNR says how near pictures come back (higher is nearer); perplexity, how many codes are used as if equally often.</p>
${lineChart(
  [
    {
      label: 'held-out pictures',
      color: 'var(--accent)',
      points: measured.map(({ step, psnr }) => [step, psnr] as const),
    },
  ],
  { title: 'PSNR over steps', xLabel: 'step', yLabel: 'PSNR, dB', height: 240 },
)}
${htmlTable(
  ['step', 'PSNR, dB', 'codes used', 'perplexity', 'squared error'],
  measured.map(({ step, psnr, codesUsed, perplexity, error }) => [
    step,
    psnr.toFixed(2),
    `${(100 * codesUsed).toFixed(1)} %`,
    perplexity.toFixed(1),
    error.toFixed(5),
  ]),
)}
<h2>Model</h2>
${htmlPairs([
  ['parameters', formatCount(parameters)],
  ...Object.entries({ ...config, ...options }).map(
    ([name, value]) => [name, String(value)] as const,
  ),
])}`,
  });
  const files = [
    [SHEET_FILE, sheet],
    [NUMBERS_FILE, `${JSON.stringify(numbers, null, 2)}\n`],
    [PAGE_FILE, page],
  ] as const;
  for (const [name, file] of files) await replaceFile(join(to, name), file);
  return files.map(([name]) => join(to, name));
}

/** Rows in pairs: pictures as given, and below them as drawn. */
function sheetOf({ given, drawn, options: { size } }: ReportContent): Raster {
  const bytes = 3 * size * size;
  const count = given.length / bytes;
  const shown = Math.min(SHOWN, count);
  const raster = (all: Uint8Array, i: number): Raster | undefined => {
    if (i >= shown) return undefined;
    // Spread over all: neighbours are often alike.
    const at = Math.floor((i * count) / shown) * bytes;
    return { width: size, height: size, pixels: all.subarray(at, at + bytes) };
  };
  const columns = Math.min(COLUMNS, shown);
  const rows = Array.from({ length: Math.ceil(shown / columns) }, (_, row) =>
    [given, drawn].map((all) =>
      Array.from({ length: columns }, (_, column) => raster(all, row * columns + column)),
    ),
  );
  return gridOf(rows.flat(), Math.max(1, Math.floor(SIDE / size)));
}
