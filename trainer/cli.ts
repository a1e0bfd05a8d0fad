/** The command line `trainer`. */
import { runCli } from '../cli/run.ts';
import { configSchema, configShow } from './commands/config.ts';
import { estimateCommand } from './commands/estimate.ts';
import { exportCommand } from './commands/export.ts';
import { fitCommand } from './commands/fit.ts';
import { reportCommand } from './commands/report.ts';
import { sampleCommand } from './commands/sample.ts';
import { scoreCommand } from './commands/score.ts';
import { serveCommand } from './commands/serve.ts';

await runCli({
  name: 'trainer',
  summary: 'Train Llama models on packed codec tokens, and sample images from them.',
  commands: [
    fitCommand,
    sampleCommand,
    scoreCommand,
    exportCommand,
    serveCommand,
    reportCommand,
    estimateCommand,
    configShow,
    configSchema,
  ],
});
