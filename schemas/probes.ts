/** What a model is probed for: options, their meaning, their defaults. */
import { z } from 'zod';
import { samplingOptions } from './sample.ts';

/** In the order in which they run. */
export const PROBES = ['syntax', 'damage', 'classes', 'validity', 'clips'] as const;

export type ProbeName = (typeof PROBES)[number];

const { temperature, topK, topP, minP, seed, threads } = samplingOptions;

/** Options that the library and the command line share. */
export const probeOptions = {
  num: z
    .int()
    .min(0)
    .max(100_000)
    .default(16)
    .describe('Documents drawn with the grammar and as many without it; 0 draws none')
    .meta({ group: 'Probes' }),
  damages: z
    .int()
    .min(0)
    .max(1000)
    .default(1)
    .describe('Copies of each file in which one symbol is changed; 0 makes none')
    .meta({ group: 'Probes' }),
  clips: z
    .int()
    .min(0)
    .max(100_000)
    .default(4)
    .describe('Clips that are continued after their first frames; 0 continues none')
    .meta({ group: 'Probes' }),
  ...{ temperature, topK, topP, minP },
  seed: seed.describe('Seed of what is drawn and of the damage'),
  threads,
};

export const probeSchema = z.strictObject(probeOptions);

export type ProbeSettings = z.output<typeof probeSchema>;
