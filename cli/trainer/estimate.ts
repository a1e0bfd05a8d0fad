/** `trainer estimate`: estimates what a configuration needs, before anything runs. */
import { z } from 'zod';
import { formatBytes, formatCount, formatTable } from '../../base/format.ts';
import { resolveConfig } from '../../trainer/config/config.ts';
import type { Estimate } from '../../trainer/estimate/estimate.ts';
import { command } from '../command.ts';
import { configFile, configOptions, settings } from './config.ts';

export const estimateCommand = command({
  name: 'estimate',
  summary: 'Estimate parameters, FLOPs per token and memory of a configuration',
  positionals: [configFile],
  options: z.object({
    ...configOptions,
    worldSize: z
      .number()
      .int()
      .min(1)
      .default(1)
      .describe('Ranks that train together')
      .meta({ valueName: 'n' }),
    data: z
      .string()
      .optional()
      .describe('Dataset that gives the vocabulary and the row length')
      .meta({ valueName: 'dataset' }),
    vocabSize: z
      .number()
      .int()
      .min(259)
      .default(579)
      .describe('Tokens of the vocabulary, without --data')
      .meta({ valueName: 'n' }),
    mfu: z
      .number()
      .positive()
      .max(1)
      .default(0.4)
      .describe("Share of the GPUs' speed at which the run is planned")
      .meta({ valueName: 'share' }),
    device: z
      .enum(['gpu', 'cpu'])
      .default('gpu')
      .describe('Device of a rank: on CPUs blocks keep less for their gradients'),
    json: z.boolean().default(false).describe('One JSON value instead of tables'),
  }),
  settings,
  examples: [
    'trainer estimate --preset jpeg-lm-7b --world-size 32',
    'trainer estimate --preset 60m --data DS --set train.checkpointing=true',
  ],
  async run([file], { preset, set, worldSize, data, vocabSize, mfu, device, json }, io) {
    const { estimate } = await import('../../trainer/estimate/estimate.ts');
    const config = await resolveConfig({ file, preset, set });
    const result = await estimate(config, { worldSize, data, vocabSize, mfu, device });
    if (json) {
      io.printJson(result);
      return 0;
    }
    const { parameters, flopsPerToken, flopsConvention, tokensPerStep, memory } = result;
    const { seqLen, seqLenFrom, microBatch, gradAccumulation, zero, checkpointing } = result;
    if (seqLenFrom === 'default') {
      io.log(
        `sequences of ${formatCount(seqLen)} tokens, the default for images: set another length with --data DS or --set train.seqLen=N`,
      );
    }
    const onOff = (isOn: boolean) => (isOn ? 'on' : 'off');
    io.print(
      formatTable(
        ['what', 'estimate'],
        [
          ['parameters', formatCount(parameters)],
          ['FLOPs per token', flopsPerToken.toExponential(3)],
          ['tokens per step', formatCount(tokensPerStep)],
          ['FLOPs per step', (flopsPerToken * tokensPerStep).toExponential(3)],
        ],
      ),
    );
    io.print('');
    io.print(
      formatTable(
        ['memory of a rank', 'bytes'],
        Object.entries(memory).map(([kind, bytes]) => [kind, formatBytes(bytes)]),
      ),
    );
    io.print('');
    io.print(totalsTable(result));
    io.print('');
    io.print(
      `${worldSize} rank(s), each ${gradAccumulation} micro batch(es) of ${microBatch} x ${formatCount(seqLen)} tokens; ` +
        `ZeRO ${zero === 0 ? 'off' : zero}, checkpointing ${onOff(checkpointing)}`,
    );
    if (device === 'gpu') io.print(planOf(result, config.train.steps));
    io.print(`FLOPs: ${flopsConvention}`);
    return 0;
  },
});

/** Memory of a rank by number of ranks and ZeRO stage. */
function totalsTable({ alternatives }: Estimate): string {
  const worldSizes = [...new Set(alternatives.map(({ worldSize }) => worldSize))];
  const stages = [...new Set(alternatives.map(({ zero }) => zero))];
  const rows = worldSizes.map((worldSize) => [
    String(worldSize),
    ...stages.map((zero) => {
      const found = alternatives.find((one) => one.zero === zero && one.worldSize === worldSize);
      return formatBytes(found!.memory.total);
    }),
  ]);
  return formatTable(['total by ranks', ...stages.map((zero) => `zero=${zero}`)], rows);
}

function planOf({ gpu, days, mfu, worldSize }: Estimate, steps: number): string {
  if (gpu === undefined || days === undefined) return 'No GPU of the list holds a rank';
  const time = days < 1 ? `${(24 * days).toPrecision(2)} hours` : `${days.toPrecision(3)} days`;
  return `The smallest GPU that holds a rank: ${gpu}; ${formatCount(steps)} steps on ${worldSize} of them take ${time} at an MFU of ${mfu} in bf16`;
}
