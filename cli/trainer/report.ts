/** `trainer report`: shows the course of a run, as a table or as a page. */

import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { formatCount, formatTable } from '../../base/format.ts';
import { bitsOf } from '../../schemas/run.ts';
import { command } from '../command.ts';

export const reportCommand = command({
  name: 'report',
  summary:
    'Show the course of a run: a table, or a self-contained HTML page with curves and pictures',
  positionals: [{ name: 'run', description: 'Run directory of `trainer fit`, also at s3://' }],
  options: z.object({
    html: z.string().optional().describe('Write a page here').meta({ valueName: 'file' }),
    title: z
      .string()
      .default('A codec language model')
      .describe('Heading of the page')
      .meta({ isText: true }),
    data: z
      .string()
      .optional()
      .describe('Dataset whose pictures the page shows as inputs')
      .meta({ valueName: 'dataset' }),
    samples: z
      .string()
      .optional()
      .describe('Folder of `trainer sample` whose pictures the page shows')
      .meta({ valueName: 'dir' }),
    json: z.boolean().default(false).describe('One JSON value per line of metrics'),
  }),
  examples: [
    'trainer report RUN',
    'trainer report RUN --html report.html --data DS --samples samples',
  ],
  async run([run], { html, title, data, samples, json }, io) {
    if (html === undefined && (data !== undefined || samples !== undefined)) {
      throw new CodecLmError(
        'USAGE',
        '--data and --samples are shown on a page: name it by --html',
      );
    }
    const { readSeries } = await import('../../trainer/report/series.ts');
    const series = await readSeries(run);
    if (html !== undefined) {
      const { inputPictures, samplePictures } = await import('../../trainer/report/pictures.ts');
      const { writeReport } = await import('../../trainer/report/write.ts');
      await writeReport({
        run,
        title,
        inputs: data === undefined ? undefined : await inputPictures(data),
        samples: samples === undefined ? undefined : await samplePictures(samples),
        to: html,
      });
      io.log(`wrote ${html}`);
    }
    const rows = [...series.train, ...series.val].sort((a, b) => a.step - b.step);
    if (json) for (const row of rows) io.printJson(row);
    else if (html === undefined) {
      const chosen = pickEvenly(series.train, 20);
      const { unit } = bitsOf(chosen[0] ?? { bitsPerByte: 0 });
      io.print(
        formatTable(
          ['step', 'loss', 'unigram', `bits/${unit}`, 'lr', 'grad norm', 'tokens/s'],
          chosen.map((row) => [
            formatCount(row.step),
            row.loss.toFixed(4),
            row.unigramLoss.toFixed(4),
            bitsOf(row).bits.toFixed(4),
            row.lr.toPrecision(3),
            row.gradNorm.toFixed(3),
            formatCount(row.tokensPerSecond),
          ]),
        ),
      );
    }
    return 0;
  },
});

/** At most `count` of the rows, including the first and the last. */
function pickEvenly<Row>(rows: Row[], count: number): Row[] {
  if (rows.length <= count) return rows;
  return Array.from(
    { length: count },
    (_, i) => rows[Math.round((i * (rows.length - 1)) / (count - 1))],
  );
}
