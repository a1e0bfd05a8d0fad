/** `trainer fit`: trains a model on a dataset. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { shellWord } from '../../base/shell.ts';
import { cacheOptions, parseBytes } from '../../schemas/cache.ts';
import { command } from '../command.ts';
import { configFile, configOptions, settings } from './config.ts';
import { fitListener } from './fit-events.ts';

function resumeLine(out: string): string {
  return `trainer fit --resume --out ${shellWord(out)}`;
}

export const fitCommand = command({
  name: 'fit',
  summary: 'Train a model on a dataset, with checkpoints and metrics in a run directory',
  positionals: [configFile],
  options: z.object({
    ...configOptions,
    data: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        'Dataset directory, made by `pipeline run`, local or s3://…; several with weights are mixed: --data A=0.7 --data B=0.3',
      )
      .meta({ valueName: 'dataset', requiredUnless: ['resume', 'branch'], isPlace: true }),
    ...cacheOptions,
    out: z
      .string()
      .describe('Run directory, made here, or s3://BUCKET/PREFIX')
      .meta({ valueName: 'run', isPlace: true }),
    init: z
      .string()
      .optional()
      .describe(
        'Start from the weights of a Llama in Hugging Face layout; its shape is the default of model.*',
      )
      .meta({ valueName: 'dir' }),
    resume: z
      .boolean()
      .default(false)
      .describe(
        'Go on from the last good checkpoint of the run in --out, with its configuration and its data',
      ),
    branch: z
      .string()
      .optional()
      .describe(
        'Begin as a copy of another run at this checkpoint, RUN/checkpoints/step-N, with its configuration and data; change keys with --set',
      )
      .meta({ valueName: 'checkpoint' }),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: [
    'trainer fit --preset tiny --data DS --out RUN',
    'trainer fit --preset tiny --data DS --out RUN --set train.steps=50 --set optim.lr=3e-4',
    'trainer fit --resume --out RUN',
    'trainer fit --branch RUN/checkpoints/step-00000900 --out LONGER --set train.steps=2000',
    'trainer fit --preset 60m --data A=0.7 --data B=0.3 --out RUN',
    'mpirun -n 8 node bin/trainer.js fit --preset 300m --data DS --out RUN --set optim.zero=1',
  ],
  settings,
  // Before the configuration is written there is nothing to continue.
  goOn: ({ out }) =>
    out !== undefined && existsSync(join(out, 'config.yaml')) ? resumeLine(out) : undefined,
  async run([file], { preset, set, data, out, init, resume, branch, cache, cacheSize, json }, io) {
    const { fit } = await import('../../trainer/fit/fit.ts');
    const { parseSource } = await import('../../trainer/fit/training-data.ts');
    const result = await fit({
      config: file,
      preset,
      set,
      out,
      init,
      resume,
      branch,
      data: data?.map(parseSource),
      cache: cache === undefined ? undefined : { dir: cache, bytes: parseBytes(cacheSize) },
      onEvent: fitListener(io),
      signal: io.signal,
    });
    io.progress.done();
    const { step, loss, checkpoint, interrupted, exitCode, rank, worldSize } = result;
    if (rank > 0) return exitCode;
    if (interrupted) {
      const how = worldSize > 1 ? `go on on ${worldSize} ranks with` : 'go on with';
      io.log(`stopped after step ${step}; ${how}: ${resumeLine(out)}`);
    }
    if (json) io.printJson({ step, loss, checkpoint, interrupted });
    else if (checkpoint) io.print(checkpoint);
    return exitCode;
  },
});
