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
      'Turn a corpus of media files into a dataset of packed token shards: run, plan, status',
    load: () => import('../pipeline/spec.ts'),
  },
  shards: {
    summary: 'Packed token shards: inspect, verify, extract',
    load: () => import('../shards/spec.ts'),
  },
  trainer: {
    summary: 'Models: fit, sample, score, serve, report, export, estimate, config',
    load: () => import('../trainer/spec.ts'),
  },
  tokenizer: {
    summary: 'Byte-level BPE for one file or a folder: train, encode, decode, inspect',
    load: () => import('../tokenizer/spec.ts'),
  },
};
