/** The command line `trainer`. */
import { runCli } from '../cli/run.ts';
import { configSchema, configShow } from './commands/config.ts';

await runCli({
  name: 'trainer',
  summary: 'Train Llama models on packed codec tokens, and sample images from them.',
  commands: [configShow, configSchema],
});
