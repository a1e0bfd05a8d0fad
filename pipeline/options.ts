/** Options of `pipeline run` and `plan`: the common ones, and those of the codec. */

import { z } from 'zod';
import {
  bpeOptions,
  clipOptions,
  codecOption,
  runningOptions,
  seqLenOption,
  sharedOptions,
  workersOption,
} from '../schemas/pipeline.ts';
import type { CodecDefinition } from '../tokenizer/index.ts';

const PROCESSES = 'Processes at once (default: one for each core)';

type BpeOptions = ReturnType<typeof bpeOptions>;

/** @param known names for `--codec`; the name of the definition is the default */
export function planOptionsOf(definition: CodecDefinition, known: readonly string[]) {
  const { options, defaults, work, name, clips } = definition;
  const { merges, seqLen } = defaults;
  return z.object({
    ...sharedOptions,
    ...(work === 'processes' ? { workers: workersOption.describe(PROCESSES) } : {}),
    codec: codecOption(known, name),
    // The types do not know the codec's own options; the codec's `fromOptions` does.
    ...(options.shape as Record<never, never>),
    ...((clips ? clipOptions : {}) as typeof clipOptions),
    ...((merges === undefined ? {} : bpeOptions(merges)) as BpeOptions),
    seqLen: seqLenOption.optional().describe(`Tokens of a sequence (default ${seqLen})`),
  });
}

export function runOptionsOf(definition: CodecDefinition, known: readonly string[]) {
  return planOptionsOf(definition, known).extend(runningOptions.shape);
}
