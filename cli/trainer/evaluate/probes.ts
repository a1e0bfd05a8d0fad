/** `trainer evaluate probes`: what a model knows of files, without a network of features. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { formatTable } from '../../../base/format.ts';
import type { ProbeResults } from '../../../evaluation/index.ts';
import { PROBES, probeOptions } from '../../../schemas/probes.ts';
import { checkpointOption, ENGINES, weightsOption } from '../../../schemas/sample.ts';
import { checkpointCodecOptions, codecChoiceOf } from '../../codec-option.ts';
import { command, type Io } from '../../command.ts';
import { showLoading } from '../loading.ts';

const options = z.object({
  checkpoint: checkpointOption,
  ...checkpointCodecOptions(),
  only: z
    .array(z.enum(PROBES))
    .optional()
    .describe(`Probes to run, of ${PROBES.join(', ')}; default all that the files allow`)
    .meta({ group: 'Probes' }),
  against: z
    .array(z.string())
    .optional()
    .describe('Files or folders of another class, which are told from the others by likelihood')
    .meta({ valueName: 'path', group: 'Probes' }),
  ...probeOptions,
  weights: weightsOption,
  engine: z
    .enum(ENGINES)
    .default('wasm')
    .describe('How to compute; only wasm finds the same whatever is drawn beside it')
    .meta({ group: 'Machine' }),
  html: z.string().optional().describe('Page to write').meta({ valueName: 'file' }),
  json: z.boolean().default(false).describe('One JSON value a probe'),
});

export const evaluateProbes = command({
  name: 'evaluate probes',
  summary: 'Bits by kind of syntax, damage found and mended, classes told apart, clips continued',
  positionals: [
    {
      name: 'file',
      description: 'Files of the kind that the checkpoint was trained on, or folders of them',
      variadic: true,
    },
  ],
  options,
  examples: [
    'trainer evaluate probes --checkpoint RUN photos',
    'trainer evaluate probes --checkpoint RUN photos --against drawings --only classes',
    'trainer evaluate probes --checkpoint RUN photos --damages 10 --html probes.html --json',
    'mpirun -n 8 node bin/trainer.js evaluate probes --checkpoint RUN photos',
  ],
  notes: 'docs/evaluation.md says what each figure means.',
  async run(files, { checkpoint, only, against, weights, engine, html, json, ...given }, io) {
    const { rankZeroFirst, withRanks } = await import('../../../trainer/distributed/share.ts');
    const { loadModel } = await import('../../../trainer/sample/model.ts');
    const { probeModel } = await import('../../../evaluation/probes/probe.ts');
    const { unitOf } = await import('../../../tokenizer/alphabet.ts');
    const known = Object.keys(probeOptions) as (keyof typeof probeOptions)[];
    const settings = Object.fromEntries(known.map((key) => [key, given[key]]));
    return withRanks(async (communicator) => {
      const isTold = communicator.rank === 0;
      const model = await rankZeroFirst(communicator, () =>
        loadModel(checkpoint, {
          codec: codecChoiceOf(given),
          ...{ weights, engine },
          onEvent: (event) => isTold && showLoading(event, io),
        }),
      );
      try {
        const results = await probeModel(model, files, {
          ...settings,
          ...{ only, against, communicator, signal: io.signal },
          onEvent: ({ probe, done, total }) => io.progress.update(`${probe}: ${done}/${total}`),
        });
        if (!isTold) return 0;
        io.progress.done();
        const unit = unitOf(model.tokenizer.alphabet);
        if (json) printLines(results, io);
        else printTables(results, unit, io);
        if (html !== undefined) {
          const { writeProbesPage } = await import('../../../evaluation/probes/write-page.ts');
          await writeProbesPage(resolve(html), results, { checkpoint, unit });
        }
      } finally {
        await model.close();
      }
      return 0;
    });
  },
});

function printLines(results: ProbeResults, io: Io): void {
  for (const [probe, found] of Object.entries(results)) io.printJson({ probe, ...found });
}

function printTables(results: ProbeResults, unit: string, io: Io): void {
  const { syntax, damage, classes, validity, clips } = results;
  if (syntax) {
    io.print(`bits per ${unit}: ${syntax.bitsPerSymbol.toFixed(4)}, ${syntax.documents} documents`);
    const rows = syntax.kinds.map(({ kind, symbols, bitsPerSymbol }) => [
      kind,
      symbols.toFixed(1),
      bitsPerSymbol.toFixed(4),
    ]);
    io.print(formatTable(['kind of syntax', `${unit}s`, `bits/${unit}`], rows));
  }
  if (damage) {
    const { damaged, refused, found, mended } = damage;
    io.print(`one changed ${unit}: ${damaged} copies`);
    const rows = [
      ['refused by the check', percent(refused), ''],
      ...Object.entries(found).map(([top, rate]) => [
        `token found, ${top}`,
        percent(rate),
        percent(damage.foundByChance[top]),
      ]),
      ...Object.entries(damage.foundPlace ?? {}).map(([top, rate]) => [
        `place found, ${top}`,
        percent(rate),
        percent(damage.foundPlaceByChance![top]),
      ]),
      ...Object.entries(mended).map(([top, rate]) => [`mended, ${top}`, percent(rate), '']),
      [
        'mended, with the check',
        percent(damage.mendedWithCheck),
        percent(damage.mendedByCheckAlone),
      ],
    ];
    io.print(formatTable(['damage', 'model', 'without it'], rows));
  }
  if (classes) {
    const { first, second, auc } = classes;
    io.print(`area under the ROC curve: ${auc.toFixed(4)}`);
    const rows = [first, second].map(({ files, bitsPerSymbol }, i) => [
      ['files', 'against'][i],
      String(files),
      bitsPerSymbol.toFixed(4),
    ]);
    io.print(formatTable(['class', 'files', `bits/${unit}`], rows));
  }
  if (validity) {
    const { drawn, valid, ended, corrected } = validity;
    io.print(
      `without the grammar: ${percent(valid)} of ${drawn} valid, ${percent(ended)} ended by the model; with it ${percent(corrected)} of the tokens corrected`,
    );
  }
  if (clips) {
    io.print(`continued clips: ${clips.clips}, ${clips.given} frames given`);
    const rows = [...clips.frames, { frame: 'mean', ...clips.mean }].map((quality) => [
      String(quality.frame),
      ...[quality.psnr, quality.repeatPsnr].map((value) => value.toFixed(2)),
      ...[quality.ssim, quality.repeatSsim].map((value) => value.toFixed(4)),
    ]);
    io.print(formatTable(['frame', 'PSNR', 'repeated', 'SSIM', 'repeated'], rows));
  }
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
