/** The programs that `codec-lm` holds; each is loaded when it is asked for. */
import type { CliSpec } from '../run.ts';

interface Program {
  /** One line for `codec-lm --help`. */
  summary: string;
  load(): Promise<{ spec: CliSpec }>;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  pipeline: {
    summary: 'A corpus of media files to a dataset of packed token shards: run, plan, status',
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
