/** `trainer fit`: a dataset to a trained model. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { modelSettingsOf } from '../../trainer/checkpoint/init.ts';
import { changeResolvedConfig, resolveConfig } from '../../trainer/config/config.ts';
import { openCommunicator } from '../../trainer/distributed/open.ts';
import { parseSource } from '../../trainer/fit/training-data.ts';
import { configPath } from '../../trainer/run/directory.ts';
import { command } from '../command.ts';
import { configFile, configOptions } from './config.ts';

export const fitCommand = command({
  name: 'fit',
  summary: 'Train a model on a dataset, with checkpoints and metrics in a run directory',
  positionals: [configFile],
  options: z.object({
    ...configOptions,
    data: z
      .array(z.string())
      .min(1)
      .describe(
        'Dataset directory, made by `pipeline run`; several with weights are mixed: --data A=0.7 --data B=0.3',
      )
      .meta({ valueName: 'dataset' }),
    out: z.string().describe('Run directory, made here').meta({ valueName: 'run' }),
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
      .describe('Go on from the last good checkpoint in the run directory, if there is one'),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: [
    'trainer fit --preset tiny --data DS --out RUN',
    'trainer fit --preset tiny --data DS --out RUN --set train.steps=50 --set optim.lr=3e-4',
    'trainer fit --data DS --out RUN --resume',
    'trainer fit --preset 60m --data A=0.7 --data B=0.3 --out RUN',
    'mpirun -n 8 trainer fit --preset 300m --data DS --out RUN --set optim.zero=1',
  ],
  async run([file], { preset, set, data, out, init, resume, json }, io) {
    const isGoingOn =
      resume && file === undefined && preset === undefined && existsSync(configPath(out));
    const config = isGoingOn
      ? await changeResolvedConfig(configPath(out), set)
      : await resolveConfig({
          ...{ file, preset, set },
          model: init === undefined ? undefined : await modelSettingsOf(init),
        });
    const sources = data.map(parseSource);
    const training = await import('../../trainer/fit/fit.ts');
    const { chooseBackend } = await import('../../trainer/backend/choose.ts');
    const communicator = await openCommunicator(config.train.rankTimeout);
    const { rank, size } = communicator;
    const log = rank === 0 ? io.log : () => undefined;
    if (size > 1) log(`${size} ranks`);
    try {
      const result = await training.fit({
        ...{ config, data: sources, out, init, resume, communicator, log },
        chooseBackend: () => chooseBackend({ log }),
        onProgress: (line) => io.progress.update(line),
        signal: io.signal,
      });
      await communicator.close();
      io.progress.done();
      const { step, loss, checkpoint, interrupted, exitCode } = result;
      if (rank > 0) return exitCode;
      if (json) io.printJson({ step, loss, checkpoint, interrupted });
      else if (checkpoint) io.print(checkpoint);
      return exitCode;
    } catch (error) {
      throw size > 1 ? ofRank(error, rank, size) : error;
    }
  },
});

/** Says in whose name a rank fails. */
function ofRank(error: unknown, rank: number, size: number): unknown {
  if (!(error instanceof CodecLmError)) return error;
  const { code, message, path, hint, cause } = error;
  return new CodecLmError(code, `rank ${rank} of ${size}: ${message}`, { path, hint, cause });
}
