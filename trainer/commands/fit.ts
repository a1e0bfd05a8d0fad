/** `trainer fit`: a dataset to a trained model. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { command } from '../../cli/command.ts';
import { changeResolvedConfig, resolveConfig } from '../config.ts';
import { configPath } from '../run-directory.ts';
import { configFile, configOptions } from './config.ts';

export const fitCommand = command({
  name: 'fit',
  summary: 'Train a model on a dataset, with checkpoints and metrics in a run directory',
  positionals: [configFile],
  options: z.object({
    ...configOptions,
    data: z
      .string()
      .describe('Dataset directory, made by `pipeline run`')
      .meta({ valueName: 'dataset' }),
    out: z.string().describe('Run directory, made here').meta({ valueName: 'run' }),
    resume: z
      .boolean()
      .default(false)
      .describe('Go on from the last good checkpoint in the run directory, if there is one'),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: [
    'trainer fit --preset tiny --data DS --out RUN',
    'trainer fit --preset tiny --data DS --out RUN --set train.steps=50 --set optim.lr=3e-4',
    'trainer fit --data DS --out RUN --resume',
  ],
  async run([file], { preset, set, data, out, resume, json }, io) {
    const isGoingOn = resume && file === undefined && preset === undefined;
    const config =
      isGoingOn && existsSync(configPath(out))
        ? await changeResolvedConfig(configPath(out), set)
        : await resolveConfig({ file, preset, set });
    const training = await import('../fit.ts');
    const { chooseBackend } = await import('../backend/choose.ts');
    const result = await training.fit({
      config,
      data,
      out,
      resume,
      chooseBackend: () => chooseBackend({ log: io.log }),
      log: io.log,
      onProgress: (line) => io.progress.update(line),
      signal: io.signal,
    });
    io.progress.done();
    const { step, loss, checkpoint } = result;
    if (json) io.printJson({ step, loss, checkpoint, interrupted: result.interrupted });
    else if (checkpoint) io.print(checkpoint);
    return 0;
  },
});
