/** `trainer evaluate run`: the paper's tables for a checkpoint. */
import { z } from 'zod';
import { formatCount } from '../../../base/format.ts';
import type { ProtocolEvent } from '../../../evaluation/protocol/events.ts';
import { networkOption, resizeOption } from '../../../schemas/evaluation.ts';
import { choiceOptions, numbersOption } from '../../../schemas/protocol.ts';
import {
  batchSizeOption,
  cacheOption,
  checkpointOption,
  ENGINES,
  samplingOptions,
  tokenHealingOption,
  weightsOption,
} from '../../../schemas/sample.ts';
import { checkpointCodecOptions, codecChoiceOf } from '../../codec-option.ts';
import { command, type Io } from '../../command.ts';
import { showLoading } from '../loading.ts';
import { pastLine } from '../past-line.ts';

const { temperature, maxTokens, threads } = samplingOptions;

const options = z.object({
  checkpoint: checkpointOption,
  ...checkpointCodecOptions(),
  images: z
    .string()
    .describe('Folder of pictures; those of a class may lie in a folder of its name')
    .meta({ valueName: 'dir', group: 'Pictures' }),
  to: z
    .string()
    .describe('Folder of the evaluation; the same command again goes on where it was stopped')
    .meta({ valueName: 'dir' }),
  ...choiceOptions,
  ratios: numbersOption('0.25,0.5,0.75')
    .describe(
      'Shares of a picture that are given; the paper takes 0.375,0.4375,0.5 for faces; or none',
    )
    .meta({ valueName: 'list', group: 'Pictures', isText: true }),
  unconditional: z
    .boolean()
    .default(false)
    .describe(
      'Also pictures without a prompt, as many as there are pictures (table 3 of the paper)',
    )
    .meta({ group: 'Pictures' }),
  seeds: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Completions of each picture, by seeds that count up from --seed')
    .meta({ group: 'Sampling' }),
  topK: numbersOption('40')
    .describe('Keep the k most likely tokens; several are several rows: the paper has 40,80')
    .meta({ valueName: 'list', isText: true }),
  topP: numbersOption('0.9')
    .describe('Keep the tokens that reach this probability; the paper has 0.9,1')
    .meta({ valueName: 'list', isText: true }),
  temperature,
  grammar: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Allow only tokens that continue a canonical file; off is free sampling'),
  tokenHealing: tokenHealingOption,
  maxTokens,
  features: networkOption.optional(),
  resize: resizeOption.default('clean'),
  row: z
    .array(z.string())
    .default([])
    .describe('Completions made elsewhere as a row: DIR/ratio-0.5/00000000.png …')
    .meta({ valueName: 'NAME=DIR', group: 'Pictures', isText: true }),
  batch: batchSizeOption.describe('Samples drawn at once; does not change them'),
  threads,
  engine: z
    .enum(ENGINES)
    .default('wasm')
    .describe(
      'How to compute; only wasm draws the same whatever was drawn before, native is for GPUs',
    )
    .meta({ group: 'Machine' }),
  ...{ weights: weightsOption, cache: cacheOption },
  dryRun: z
    .boolean()
    .default(false)
    .describe('Only say how many tokens it takes, and how long on which GPU'),
  json: z.boolean().default(false).describe('The table as one JSON value'),
});

export const evaluateRun = command({
  name: 'evaluate run',
  summary: "The paper's tables: completions of pictures at several ratios, and their distances",
  options,
  examples: [
    'trainer evaluate run --checkpoint RUN --images photos --to eval --features inception.pth',
    'trainer evaluate run --checkpoint RUN --images photos --to eval --row "SD inpaint=sd"',
    'trainer evaluate run --checkpoint RUN --images photos --to eval --dry-run',
    'mpirun -n 8 node bin/trainer.js evaluate run --checkpoint RUN --images photos --to eval',
  ],
  flags: { 'grammar: false': '--grammar off' },
  goOn: 'same',
  async run(_positionals, { checkpoint, json, dryRun, row, batch, grammar, ...given }, io) {
    const { rankZeroFirst, withRanks } = await import('../../../trainer/distributed/share.ts');
    const { loadModel } = await import('../../../trainer/sample/model.ts');
    const { ratios, unconditional, halfSize, num, seed, seeds, topK, topP } = given;
    const { images, to, features, resize, threads, engine, weights, cache } = given;
    const settings = {
      ...{ ratios, unconditional, halfSize, num, seed, seeds, topK, topP },
      ...{ temperature: given.temperature, maxTokens: given.maxTokens, grammar: grammar === 'on' },
      tokenHealing: given.tokenHealing,
    };
    const load = (isTold: boolean) =>
      loadModel(checkpoint, {
        codec: codecChoiceOf(given),
        ...{ engine, weights, cache },
        onEvent: (event) => isTold && showLoading(event, io),
      });
    if (dryRun) {
      const { costOf } = await import('../../../evaluation/protocol/cost.ts');
      const { printCost } = await import('./cost.ts');
      const model = await load(true);
      const cost = await costOf(model, { ...settings, images });
      if (json) io.printJson(cost);
      else printCost(cost, io);
      return 0;
    }
    const { runEvaluation } = await import('../../../evaluation/protocol/run.ts');
    return withRanks(async (communicator) => {
      const isTold = communicator.rank === 0;
      const model = await rankZeroFirst(communicator, () => load(isTold));
      const found = await runEvaluation(model, {
        ...settings,
        ...{ images, to, features, resize, threads, communicator },
        rows: row,
        batchSize: batch,
        onEvent: (event) => tell(event, io),
        signal: io.signal,
      });
      if (!found) return 0;
      io.progress.done();
      const { table, files } = found;
      for (const note of table.notes) io.log(`note: ${note}`);
      if (json) io.printJson(table);
      else io.print(`${files.table}\n${files.markdown}\n${files.page}`);
      return 0;
    });
  },
});

function tell(event: ProtocolEvent, io: Io): void {
  if (event.type === 'backend') io.log(event.reason);
  else if (event.type === 'warning') io.log(`warning: ${event.message}`);
  else if (event.type === 'past-trained-length') io.log(pastLine('completions may take', event));
  else if (event.type === 'pictures') {
    io.progress.update(`features: ${event.folder}: ${event.done}/${event.total} pictures`);
  } else {
    const { stage, what, done, total, tokensPerSecond } = event;
    const speed = tokensPerSecond ? `  ${formatCount(tokensPerSecond)} tokens/s` : '';
    io.progress.update(`${stage}: ${what}: ${done}/${total}${speed}`);
  }
}
