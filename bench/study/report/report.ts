/** docs/study.md of what was run: tables, pictures, cost. What people make of it stands between two marks. */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../../base/atomic-file.ts';
import { makeFolder } from '../../../base/files.ts';
import { MODEL } from '../plan.ts';
import type { ArmResult, Study } from '../result.ts';
import { claimsOf } from './claims.ts';
import { completionsOf, SHOWN_RATIO, samplesOf } from './pictures.ts';
import {
  costTable,
  count,
  dialTable,
  documentsTable,
  drawnRows,
  figureTable,
  learningTable,
  minutes,
  spread,
  table,
} from './tables.ts';

/** What stands between these marks is written by people, and kept. */
const MARKS = ['<!-- written by hand -->', '<!-- end -->'] as const;

/** Models that saw fewer tokens say nothing. */
const FEW_TOKENS = 500_000;

export async function writeStudy(doc: string, study: Study): Promise<void> {
  const { results } = study;
  const drawn = results.filter((result) => result.drawn !== undefined);
  const lines = [
    "# The paper's comparison in miniature",
    '',
    ...(await readingOf(doc)),
    ...whatWasRun(study),
    '## Documents',
    '',
    documentsTable(study),
    '',
    `Bits by the model: mean and standard error of ${study.scored} letters of fonts that no arm has seen, the same for`,
    'all. They compare codecs only together with what the codec keeps. PSNR and SSIM are those of the codec',
    'alone.',
    '',
    'Bits of a document of the validation (fonts that were seen) while the models learn, and after how many documents:',
    '',
    learningTable(results.filter(({ arm }) => arm.kind === 'main')),
    '',
    ...distances(drawn),
    ...dials(study),
    "## The paper's claims here",
    '',
    claims(study),
    '',
    'A claim about several conditions holds if it does in each; it is undecided where the seeds of a condition do not',
    'tell: a difference of less than two of its standard deviations.',
    '',
    ...(await pictures(doc, drawn)),
    '## Cost',
    '',
    costTable(drawn),
    '',
    `The VQ model: ${study.vq ? minutes(study.vq.seconds) : 'not made yet'}. All in all ${minutes(totalOf(study))}. Times are by the clock of a machine that did other things too.`,
    '',
  ];
  await replaceFile(doc, lines.join('\n'));
}

/** The part that people have written, with its marks. */
async function readingOf(doc: string): Promise<string[]> {
  const text = await readFile(doc, 'utf8').catch(() => '');
  const [from, to] = MARKS.map((mark) => text.indexOf(mark));
  return from < 0 || to < from ? [] : [text.slice(from, to + MARKS[1].length), ''];
}

function whatWasRun({ size, results, missing, command, vq, scored }: Study): string[] {
  const [first] = results;
  const main = results.filter(({ arm }) => arm.kind === 'main');
  const pictures = first.manifest.totals.documents;
  const completed = main[0]?.drawn?.table.pictures ?? 0;
  const seen = first.metrics.train[first.metrics.train.length - 1].tokensSeen;
  return [
    '## What was run',
    '',
    `\`${command}\`, with the project's own commands only, on ${cpus()[0].model}, ${cpus().length} cores, shared with other work.`,
    ...(seen < FEW_TOKENS ? ['**This is a short run: it decides nothing.**'] : []),
    '',
    `- Pictures: letters and digits of open fonts (npm \`@fontsource/…\`, SIL Open Font License), rasters of 16x16 in eight`,
    `  pairs of colours: ${count(pictures)} to learn from. All letters of every eighth family are kept back: ${completed} of them are`,
    `  completed, ${scored} scored. Each codec has them at its own size, enlarged without smoothing.`,
    `- Model: one Llama for all (${Object.entries(MODEL)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ')}),`,
    `  ${count(size.tokens)} tokens in ${first.arm.steps} steps for each main arm, ${size.seeds} seed${size.seeds > 1 ? 's' : ''} of completions, one of training.`,
    ...(vq
      ? [
          `- VQ model: learned here on 12,000 of the same pictures, ${count(vq.step)} steps: PSNR ${vq.psnr.toFixed(1)} dB on held-out ones,`,
          `  ${(100 * vq.codesUsed).toFixed(0)} % of the codes used, perplexity ${vq.perplexity.toFixed(0)}.`,
        ]
      : []),
    ...(missing.length > 0
      ? [`- **Not run**: ${missing.map(({ title }) => title).join('; ')}.`]
      : []),
    '',
  ];
}

function distances(drawn: readonly ArmResult[]): string[] {
  const known = drawn.filter((result) => result.drawn?.figures !== undefined);
  const figures = known[0]?.drawn?.figures;
  if (!figures) return ['There are no distances: no network of features was named.', ''];
  const { halves, network } = figures;
  return [
    `## Distances from the originals (${network})`,
    '',
    'All pictures were brought to the raster of the letters before, so that no codec is judged by its pixels.',
    '',
    figureTable(known, 'distance'),
    '',
    `One half of the originals has ${spread(halves.distance)} from the other. ± is the standard deviation over seeds of completions.`,
    '',
    'KID, times 1,000, which does not grow when pictures are few:',
    '',
    figureTable(known, 'kid'),
    '',
    `One half of the originals against the other: ${spread(halves.kid, 1000)}.`,
    '',
    'PSNR of the completed picture to its original, dB:',
    '',
    figureTable(known, 'psnr'),
    '',
  ];
}

function dials(study: Study): string[] {
  const first = study.results.find(({ arm }) => arm.kind === 'dial');
  if (!first) return [];
  const { steps, seqLen, microBatch } = first.arm;
  return [
    "## The codec's dials",
    '',
    `${count(steps * seqLen * microBatch)} tokens each, with a schedule of their own; what is not named is as in the first row.`,
    'Restart markers are kept in all.',
    '',
    dialTable(study),
    '',
    'What differs by no more than the first two rows do may be chance: they differ in the seed of the weights alone.',
    '',
  ];
}

function claims(study: Study): string {
  return table(
    ['paper', 'found here', 'holds here'],
    claimsOf(study).map(({ claim, place, found, verdict }) => [claim, place, found, verdict]),
  );
}

async function pictures(doc: string, drawn: readonly ArmResult[]): Promise<string[]> {
  if (drawn.length === 0) return [];
  const folder = join(dirname(doc), 'images');
  await makeFolder(folder);
  const all = drawn.map((result) => result.drawn!);
  const rows = drawnRows(drawn);
  await replaceFile(join(folder, 'study.png'), await completionsOf(rows.map((row) => row.drawn)));
  await replaceFile(join(folder, 'study-samples.png'), await samplesOf(all));
  const names = rows.map(({ title }) => title).join('; ');
  const arms = drawn.map(({ arm }) => arm.title).join('; ');
  return [
    '## Pictures',
    '',
    '![completions](images/study.png)',
    '',
    `Rows: the original; what is given (r = ${SHOWN_RATIO}); ${names}. The first pictures, none left out.`,
    '',
    '![samples without a prompt](images/study-samples.png)',
    '',
    `Without a prompt: ${arms}. An empty row was not drawn.`,
    '',
  ];
}

function totalOf({ results, vq }: Study): number {
  return results.reduce(
    (sum, { seconds, drawn, healed }) =>
      sum + seconds.data + seconds.fit + (drawn?.seconds ?? 0) + (healed?.seconds ?? 0),
    vq?.seconds ?? 0,
  );
}
