/** The programs of `codec-lm`; each is loaded when it is needed. */
import type { CliSpec } from '../run.ts';

interface Program {
  /** Summary line for `codec-lm --help`. */
  summary: string;
  load(): Promise<{ spec: CliSpec }>;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  pipeline: {
    summary:
      'Turn media files into a dataset of packed token shards: run, plan, extend, status, finalize',
    load: () => import('../pipeline/spec.ts'),
  },
  shards: {
    summary: 'Packed token shards: inspect, verify, extract, fetch',
    load: () => import('../shards/spec.ts'),
  },
  trainer: {
    summary:
      'Models: fit, sample, score, export, import, serve, report, estimate, evaluate, config',
    load: () => import('../trainer/spec.ts'),
  },
  tokenizer: {
    summary: 'Media files to tokens and back: train, encode, decode, inspect, compare',
    load: () => import('../tokenizer/spec.ts'),
  },
};
