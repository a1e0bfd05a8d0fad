/** Options of the `pipeline` command line: help, defaults and validation. */
import { z } from 'zod';
import { MAX_CLIPS } from './clips.ts';
import { MAX_SEQ_LEN } from './dataset.ts';

const positive = z.number().int().positive();
const natural = z.number().int().nonnegative();

const PERCENT = /^(100|\d{1,2})(\.\d+)?\s*%?$/;

/** The command line takes percentages; a program may also pass a share. */
const percent = z
  .union([z.string(), z.number()])
  .refine(
    (share) => (typeof share === 'number' ? share >= 0 && share <= 1 : PERCENT.test(share)),
    'must be a percentage, such as 10%',
  )
  .meta({ valueName: 'percent' });

const queueOption = z
  .string()
  .regex(/^rediss?:\/\/\S+$/, 'must be an address, such as redis://127.0.0.1:6379')
  .optional()
  .meta({ valueName: 'url', isText: true });

export const workersOption = positive.max(1024).optional();

/** Options that `run` and `plan` have for every codec. */
export const sharedOptions = {
  out: z
    .string({ error: 'name the dataset directory to write' })
    .min(1, 'name the dataset directory to write')
    .describe('Dataset directory to write, or s3://BUCKET/PREFIX')
    .meta({ valueName: 'DS', isPlace: true }),
  partitionSize: positive.max(1_000_000).default(1000).describe('Inputs of a partition'),
  seed: z
    .number()
    .int()
    .default(0)
    .meta({ group: 'Plan' })
    .describe('Seed of the order of the inputs; the same one gives the same files'),
  valFraction: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Share of the documents held out for validation, by a hash of their content'),
  workers: workersOption.describe(
    'CPU cores to keep busy (default: all; UV_THREADPOOL_SIZE sets how many a process can use)',
  ),
  minSide: positive
    .optional()
    .describe('Leave out pictures whose shorter side has fewer pixels')
    .meta({ group: 'Curation', valueName: 'px' }),
  maxAspect: z
    .number()
    .min(1)
    .optional()
    .describe('Leave out pictures whose longer side is more than this many times the shorter one')
    .meta({ group: 'Curation', valueName: 'ratio' }),
  minBytes: positive
    .optional()
    .describe('Leave out files of fewer bytes')
    .meta({ group: 'Curation' }),
  dropDuplicates: z
    .boolean()
    .default(false)
    .describe('Leave out files with the same content as one before them in the plan')
    .meta({ group: 'Curation' }),
  nearDuplicates: natural
    .max(10)
    .optional()
    .describe(
      'Leave out pictures that look like one before them: their difference hashes of 64 bits differ in at most N; 0 to 10',
    )
    .meta({ group: 'Curation' }),
  list: z
    .array(z.string())
    .default([])
    .describe('Table that names inputs: CSV, TSV, JSON lines or Parquet; may be repeated')
    .meta({ group: 'Columns', valueName: 'file', isPlace: true }),
  pathColumn: z
    .string()
    .min(1)
    .optional()
    .describe('Column of the tables that names the file, such as url')
    .meta({ group: 'Columns', valueName: 'name', isText: true }),
  columns: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Columns to keep in documents/, such as caption,label: of the tables, or members of archives beside the picture (txt, cls, json, json.FIELD); NAME=FROM renames, NAME:TYPE sets string, int64, double or boolean',
    )
    .meta({ group: 'Columns', valueName: 'names', isText: true }),
  maxFailures: percent
    .default('10%')
    .describe('Share of the inputs that may fail before the run counts as failed'),
  queue: queueOption.describe(
    'Take partitions from a queue on Redis or Valkey in place of a fixed share; `pipeline plan` fills it',
  ),
  json: z.boolean().default(false).describe('Print events as JSON lines on stdout'),
  quiet: z.boolean().default(false).describe('Print nothing but errors'),
};

/** Options of codecs whose symbols are bytes: those have byte-pair encoding. */
export const bpeOptions = (mergesByDefault: number) => ({
  merges: natural
    .max(65_277)
    .optional()
    .describe(`BPE merges to learn (default ${mergesByDefault})`),
  bpeSamples: positive.default(10_000).describe('Documents the tokenizer is learned on'),
  vocabSize: z
    .number()
    .int()
    .min(256)
    .max(65_533)
    .optional()
    .describe('Bytes and merges together: the same as --merges N-256'),
  tokenizer: z
    .string()
    .optional()
    .describe('Use the tokenizer in this folder instead of learning one')
    .meta({ valueName: 'DIR', isPlace: true }),
});

/** Options of codecs that can begin anywhere in a file. */
export const clipOptions = {
  clipsPerVideo: positive
    .max(MAX_CLIPS)
    .optional()
    .describe(
      'Most documents of one video (default: one, from its beginning); those that it is too short for are left out',
    )
    .meta({ group: 'Clips' }),
  stride: z
    .number()
    .positive()
    .max(86_400)
    .optional()
    .describe(
      'Seconds from the beginning of a clip to the next one (default: the length of a clip)',
    )
    .meta({ group: 'Clips', valueName: 's' }),
  cuts: z
    .boolean()
    .default(false)
    .describe(
      'Let no clip go over a cut: scenes are found by decoding each video once more, and clips begin where they do, then every --stride in them',
    )
    .meta({ group: 'Clips' }),
  cutThreshold: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('Scene score of ffmpeg at which a cut lies (default 0.3); lower finds more cuts')
    .meta({ group: 'Clips', valueName: 'score' }),
};

export const seqLenOption = positive.min(2).max(MAX_SEQ_LEN).describe('Tokens of a sequence');

/** The value decides which other options exist, so it is read first (cli/codec-option.ts). */
export const codecOption = (known: readonly string[], byDefault: string) =>
  z
    .enum(known as [string, ...string[]], { error: `known here: ${known.join(', ')}` })
    .default(byDefault)
    .describe('Codec of the documents; each has options of its own, shown by --codec NAME --help')
    .meta({ valueName: 'name' });

/** The options that the pipeline itself reads, whatever the codec. */
export type PlanOptions = z.output<z.ZodObject<typeof sharedOptions>> & {
  seqLen?: number;
} & Partial<z.output<z.ZodObject<ReturnType<typeof bpeOptions>>>> &
  Partial<z.output<z.ZodObject<typeof clipOptions>>>;

export const runningOptions = z.object({
  retryFailed: z
    .boolean()
    .default(false)
    .describe('Also run the failed inputs again, into further shards'),
  allowEncoderChange: z
    .boolean()
    .default(false)
    .describe('Go on with another version of the encoder than the one it was begun with'),
  dryRun: z.boolean().default(false).describe('Show the plan and an estimate; write nothing'),
  rank: natural.optional().describe('Rank of this process, where no launcher says it'),
  worldSize: positive.optional().describe('Number of processes that share the partitions'),
});
export type RunningOptions = z.output<typeof runningOptions>;

export const statusOptions = z.object({
  queue: queueOption.describe('Show the workers of this queue too, and their leases'),
  json: z.boolean().default(false).describe('Print JSON'),
});

export const finalizeOptions = z.object({
  maxFailures: sharedOptions.maxFailures,
  json: z.boolean().default(false).describe('Print events as JSON lines on stdout'),
  quiet: z.boolean().default(false).describe('Print nothing but errors'),
});

/** An extension has the recipe of its dataset, and these options of its own. */
export const extendOptions = z.object({
  list: sharedOptions.list,
  workers: sharedOptions.workers,
  maxFailures: sharedOptions.maxFailures,
  allowEncoderChange: runningOptions.shape.allowEncoderChange,
  json: sharedOptions.json,
  quiet: sharedOptions.quiet,
});

/** Parses `"10 %"` as 0.1; a number is a share already. */
export function parseShare(share: string | number): number {
  return typeof share === 'number' ? share : Number.parseFloat(share) / 100;
}
