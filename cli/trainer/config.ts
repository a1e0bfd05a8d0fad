/**
 * `trainer config show|schema`: prints the configuration of a run, and the schema of
 * configurations.
 */
import { z } from 'zod';
import {
  configJsonSchema,
  configKeys,
  formatConfig,
  resolveConfig,
} from '../../trainer/config/config.ts';
import { command } from '../command.ts';

/** The options that name a configuration; `trainer fit` has the same. */
export const configOptions = {
  preset: z
    .string()
    .optional()
    .describe('Preset to start from; `trainer config show --preset NAME` prints it')
    .meta({ valueName: 'name' }),
  set: z
    .array(z.string())
    .default([])
    .describe('A key of the configuration, e.g. optim.lr=3e-4; may be repeated')
    .meta({ valueName: 'key.path=value', isText: true }),
};

/** For a person who types a key as an option: `--steps` instead of `--set train.steps=…`. */
export const settings = configKeys;

export const configFile = {
  name: 'config.yaml',
  description: 'YAML file of the configuration',
  optional: true,
};

export const configShow = command({
  name: 'config show',
  summary: 'Print the resolved configuration, every key with its meaning',
  positionals: [configFile],
  options: z.object({
    ...configOptions,
    json: z.boolean().default(false).describe('One JSON value instead of YAML'),
  }),
  settings,
  examples: ['trainer config show --preset tiny --set optim.lr=3e-4'],
  async run([file], { preset, set, json }, io) {
    const config = await resolveConfig({ file, preset, set });
    if (json) io.printJson(config);
    else io.print(formatConfig(config).trimEnd());
    return 0;
  },
});

export const configSchema = command({
  name: 'config schema',
  summary: 'Print the JSON Schema of a configuration file, for editors',
  options: z.object({}),
  examples: ['trainer config schema > trainer.schema.json'],
  async run(_positionals, _options, io) {
    io.print(JSON.stringify(configJsonSchema(), null, 2));
    return 0;
  },
});
