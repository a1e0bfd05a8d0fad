/** The command line `trainer`. */
import type { CliSpec } from '../run.ts';
import { configSchema, configShow } from './config.ts';
import { estimateCommand } from './estimate.ts';
import { evaluateClasses } from './evaluate/classes.ts';
import { evaluateFrames } from './evaluate/frames.ts';
import { evaluateProbes } from './evaluate/probes.ts';
import { evaluatePrompts } from './evaluate/prompts.ts';
import { evaluateRun } from './evaluate/run.ts';
import { evaluateCompare, evaluateFeatures } from './evaluate.ts';
import { exportCommand } from './export.ts';
import { fitCommand } from './fit.ts';
import { importCommand } from './import.ts';
import { reportCommand } from './report.ts';
import { sampleCommand } from './sample.ts';
import { scoreCommand } from './score.ts';
import { serveCommand } from './serve.ts';

export const spec: CliSpec = {
  name: 'trainer',
  summary: 'Train Llama models on packed codec tokens, and sample images from them',
  groups: {
    evaluate: 'Measure pictures and models',
    config: 'Show the configuration and its keys',
  },
  commands: [
    fitCommand,
    sampleCommand,
    scoreCommand,
    exportCommand,
    importCommand,
    serveCommand,
    reportCommand,
    estimateCommand,
    evaluateFeatures,
    evaluateCompare,
    evaluateRun,
    evaluatePrompts,
    evaluateClasses,
    evaluateProbes,
    evaluateFrames,
    configShow,
    configSchema,
  ],
};
