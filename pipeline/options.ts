/** Options of `pipeline run` and `plan`: those of every run, and those that a codec brings. */

import { z } from 'zod';
import {
  bpeOptions,
  codecOption,
  runningOptions,
  seqLenOption,
  sharedOptions,
  workersOption,
} from '../schemas/pipeline.ts';
import type { CodecDefinition } from '../tokenizer/index.ts';

const PROCESSES = 'Processes at once (default: one for each core)';

type BpeOptions = ReturnType<typeof bpeOptions>;

/** @param known names for `--codec`, the one of the definition the default */
export function planOptionsOf(definition: CodecDefinition, known: readonly string[]) {
  const { options, defaults, work, name } = definition;
  const { merges, seqLen } = defaults;
  return z.object({
    ...sharedOptions,
    ...(work === 'processes' ? { workers: workersOption.describe(PROCESSES) } : {}),
    codec: codecOption(known, name),
    // Types know nothing of what each codec brings; `fromOptions` of the codec does.
    ...(options.shape as Record<never, never>),
    ...((merges === undefined ? {} : bpeOptions(merges)) as BpeOptions),
    seqLen: seqLenOption.default(seqLen),
  });
}

export function runOptionsOf(definition: CodecDefinition, known: readonly string[]) {
  return planOptionsOf(definition, known).extend(runningOptions.shape);
}
