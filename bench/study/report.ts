/** docs/study.md of what was run: tables, pictures, cost. It says what it found and judges nothing. */
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { makeFolder } from '../../base/files.ts';
import { sharp } from '../../base/sharp.ts';
import type { Spread } from '../../schemas/protocol.ts';
import { gridOf } from '../../tokenizer/codecs/pictures/grid.ts';
import { pngOf, type Raster } from '../../tokenizer/codecs/pictures/heat.ts';
import type { Series } from '../../trainer/index.ts';
import { claimsOf } from './claims.ts';
import type { StudySize } from './plan.ts';
import type { ArmResult, Study } from './result.ts';

const SHOWN = 6;
const SHOWN_RATIO = 'ratio-0.5';

export async function writeStudy(doc: string, study: Study): Promise<void> {
  const { size, results, command, vq, compared } = study;
  const pictures = join(dirname(doc), 'images', 'study.png');
  await makeFolder(dirname(pictures));
  await replaceFile(pictures, await completionsOf(results));
  const conditions = results[0].table.conditions;
  const networkName = results[0].table.network?.name;
  const total = results.reduce(
    (sum, { seconds }) => sum + seconds.data + seconds.fit + seconds.evaluation,
    vq.seconds,
  );
  const lines = [
    "# The paper's comparison in miniature",
    '',
    `Made by \`${command}\`, with the project's own commands only. Scale ${size.scale} of 1: this is what it`,
    `took and gave, on ${cpus()[0].model}, ${cpus().length} cores, shared with other work, ${minutes(total)} by the clock.`,
    '',
    ...(size.scale < 1 ? [smallWarning(size), ''] : []),
    '## What was run',
    '',
    `- Pictures: Noto's emoji (npm \`emoji-datasource-google\` 16.0.0, images under the Apache License 2.0) on`,
    `  white, ${size.pictures} of them, every eighth kept from training. ${results[0].table.pictures} of those are completed.`,
    `- Model: one Llama for all (${Object.entries(size.model)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ')}),`,
    `  ${size.tokens.toLocaleString('en-US')} tokens seen in ${size.steps} steps by each arm, ${size.seeds} seed${size.seeds > 1 ? 's' : ''} of completions.`,
    `- VQ model: learned here on the same pictures, ${vq.step} steps: PSNR ${vq.psnr.toFixed(2)} dB on held-out pictures,`,
    `  ${(100 * vq.codesUsed).toFixed(0)} % of the codes used, perplexity ${vq.perplexity.toFixed(0)}.`,
    '',
    '## What the symbols keep, and cost',
    '',
    table(
      [
        '',
        'symbols',
        'tokens of a document',
        'PSNR, dB',
        'SSIM',
        'bits of a document by the model',
        'bits without a model',
      ],
      results.map(({ arm, manifest, metrics }, i) => {
        const { documents, documentBytes, tokens } = manifest.totals;
        const symbols = documentBytes / documents;
        const bits = bitsOfVal(metrics);
        return [
          arm.title,
          symbols.toFixed(0),
          (tokens / documents).toFixed(0),
          compared[i].psnr.toFixed(2),
          Number.isFinite(compared[i].ssim) ? compared[i].ssim.toFixed(3) : '–',
          bits === undefined ? '–' : (bits * symbols).toFixed(0),
          compared[i].bits.toFixed(0),
        ];
      }),
    ),
    '',
    'Bits by the model: bits per symbol of held-out documents at the last step, times the symbols of a',
    'document. They compare codecs only together with what the codec keeps, which is the PSNR.',
    '',
    ...(networkName
      ? distanceTables(results, networkName)
      : ['No network of features was named: there are no distances.', '']),
    "## The paper's claims here",
    '',
    table(
      ['claim', 'paper', 'found here', 'holds here'],
      claimsOf(study).map(({ claim, place, found, holds }) => [
        claim,
        place,
        found,
        holds === undefined ? '–' : holds ? 'yes' : 'no',
      ]),
    ),
    '',
    'A claim about several conditions holds if it does in each. Distances against the pictures themselves.',
    '',
    '## Pictures',
    '',
    `![completions](images/study.png)`,
    '',
    `Rows: pictures whose upper half was given. Columns: the original, then ${results.map(({ arm }) => arm.title).join('; ')}.`,
    '',
    '## Cost',
    '',
    table(
      ['', 'pipeline', 'fit', 'evaluation', 'tokens drawn', 'files that do not open'],
      results.map(({ arm, seconds, table: { rows } }) => {
        const counts = conditions.map(({ id }) => rows[0].counts[id]);
        const sum = (key: 'tokens' | 'invalid') =>
          counts.reduce((all, each) => all + (each?.[key] ?? 0), 0).toLocaleString('en-US');
        return [
          arm.title,
          ...[seconds.data, seconds.fit, seconds.evaluation].map(minutes),
          sum('tokens'),
          sum('invalid'),
        ];
      }),
    ),
    '',
    `The VQ model: ${minutes(vq.seconds)}. Times are by the clock of a machine that did other things too.`,
    '',
  ];
  await replaceFile(doc, lines.join('\n'));
}

function smallWarning({ tokens, evaluated }: StudySize): string {
  return (
    `**This is a short run.** ${tokens.toLocaleString('en-US')} tokens an arm and ${evaluated} completed pictures show that the ` +
    'comparison runs from one end to the other; they decide nothing about which symbols are better.'
  );
}

function distanceTables(results: readonly ArmResult[], network: string): string[] {
  const { conditions } = results[0].table;
  const rowsFor = (pick: (cell: { distance: Spread; kid?: Spread }) => Spread | undefined) =>
    results.flatMap(({ arm, table: { rows } }) =>
      rows.map((row) => [
        row.kind === 'floor' ? `${arm.title}: ${row.name}` : `**${arm.title}**`,
        ...conditions.map(({ id }) => {
          const cell = row.cells[id]?.raw;
          return spread(cell && pick(cell));
        }),
      ]),
    );
  const head = ['', ...conditions.map(({ title }) => title)];
  return [
    `## Distances (${network}, against the pictures themselves)`,
    '',
    table(
      head,
      rowsFor(({ distance }) => distance),
    ),
    '',
    'KID, times 1,000:',
    '',
    table(
      head,
      rowsFor(
        ({ kid }) =>
          kid && {
            ...kid,
            mean: 1000 * kid.mean,
            deviation: kid.deviation && 1000 * kid.deviation,
          },
      ),
    ),
    '',
    'Floors are below each arm: what the codec alone loses, and one half of the originals against the other.',
    '',
  ];
}

function spread(value: Spread | undefined): string {
  if (!value) return '–';
  const { mean, deviation } = value;
  return deviation === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
}

function bitsOfVal({ val }: Series): number | undefined {
  const last = val[val.length - 1];
  return last?.bitsPerByte ?? last?.bitsPerSymbol;
}

/** A row for each picture: the original, then the completion of each arm. */
async function completionsOf(results: readonly ArmResult[]): Promise<Uint8Array> {
  const rows: (Raster | undefined)[][] = [];
  for (let n = 0; n < Math.min(SHOWN, results[0].table.pictures); n++) {
    const name = String(n).padStart(8, '0');
    const [first] = results;
    const row: (Raster | undefined)[] = [
      await rasterAt(join(first.evaluation, 'prompts/whole/originals', `${name}.png`)),
    ];
    for (const { evaluation } of results) {
      const [draw] = await readdir(join(evaluation, 'completions', SHOWN_RATIO));
      const folder = join(evaluation, 'completions', SHOWN_RATIO, draw, 'seed-0');
      const file = (await readdir(folder)).find(
        (each) => each.startsWith(name) && /\.(png|jpg)$/.test(each),
      );
      row.push(file === undefined ? undefined : await rasterAt(join(folder, file)));
    }
    rows.push(row);
  }
  return pngOf(gridOf(rows, 3));
}

/** All arms at 32 pixels, so that they stand side by side. */
async function rasterAt(path: string): Promise<Raster> {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(32, 32)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  );
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}
