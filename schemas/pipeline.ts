/** Options of the `pipeline` command line: help, defaults and validation. */
import { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import { avcSettingsSchema } from '../tokenizer/codecs/avc/settings.ts';
import { imageInputOptions } from '../tokenizer/codecs/jpeg/settings.ts';
import { MAX_SEQ_LEN } from './dataset.ts';

const positive = z.number().int().positive();
const natural = z.number().int().nonnegative();

/** `256` or `256x144` in pixels; the JPEG format ends at 65,535. */
const size = z
  .string()
  .regex(/^[1-9]\d{0,4}(x[1-9]\d{0,4})?$/, 'must be pixels, as 256 or 256x144')
  .describe('width and height of every document in pixels')
  .meta({ valueName: 'WxH' });

const percent = z
  .string()
  .regex(/^(100|\d{1,2})(\.\d+)?\s*%?$/, 'must be a percentage, as 10%')
  .meta({ valueName: 'percent' });

/** What every codec's run and plan share. */
const shared = {
  out: z
    .string({ error: 'name the dataset directory to write' })
    .min(1, 'name the dataset directory to write')
    .describe('dataset directory to write')
    .meta({ valueName: 'DS' }),
  bpeSamples: positive.default(10_000).describe('documents the tokenizer is learned on'),
  vocabSize: z
    .number()
    .int()
    .min(256)
    .max(65_533)
    .optional()
    .describe('bytes and merges together: the same as --merges N-256'),
  tokenizer: z
    .string()
    .optional()
    .describe('use the tokenizer in this folder instead of learning one')
    .meta({ valueName: 'DIR' }),
  partitionSize: positive.max(1_000_000).default(1000).describe('inputs a partition'),
  seed: z.number().int().default(0).describe('of the shuffle of the inputs'),
  valFraction: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('share of the documents held out for validation, by a hash of their content'),
  workers: positive
    .max(1024)
    .optional()
    .describe(
      'CPU cores to keep busy (default: all; UV_THREADPOOL_SIZE sets how many a process can use)',
    ),
  maxFailures: percent
    .default('10%')
    .describe('share of the inputs that may fail before the run counts as failed'),
  json: z.boolean().default(false).describe('print events as JSON lines on stdout'),
  quiet: z.boolean().default(false).describe('print nothing but errors'),
};

const merges = (byDefault: number) =>
  natural.max(65_277).optional().describe(`BPE merges to learn (default ${byDefault})`);

const seqLen = (byDefault: number) =>
  positive.min(2).max(MAX_SEQ_LEN).default(byDefault).describe('tokens a sequence');

export const IMAGE_MERGES = 320;

export const planImagesOptions = z.object({
  ...shared,
  size: size.default('256'),
  quality: z.number().int().min(1).max(100).default(25).describe('JPEG quality'),
  ...imageInputOptions,
  merges: merges(IMAGE_MERGES),
  seqLen: seqLen(12_288),
});
export type PlanImagesOptions = z.output<typeof planImagesOptions>;

export const VIDEO_MERGES = 1024;

const { fps, frames, qp, profile, short, damaged, timeoutSeconds, memoryMb } =
  avcSettingsSchema.shape;

export const planVideosOptions = z.object({
  ...shared,
  size: size.default('256x144'),
  ...{ fps, frames, qp, profile, short, damaged, timeoutSeconds, memoryMb },
  ffmpeg: z
    .string()
    .optional()
    .describe('the ffmpeg to use (default: the one on the PATH, then the one from npm)')
    .meta({ valueName: 'path' }),
  workers: positive
    .max(1024)
    .optional()
    .describe('ffmpeg processes at once (default: one for each core)'),
  merges: merges(VIDEO_MERGES),
  seqLen: seqLen(32_768),
});
export type PlanVideosOptions = z.output<typeof planVideosOptions>;

/** The options of both, as far as the pipeline itself asks for them. */
export type PlanOptions = Omit<
  PlanImagesOptions,
  'quality' | 'size' | keyof typeof imageInputOptions
>;

const running = {
  retryFailed: z
    .boolean()
    .default(false)
    .describe('also run the failed inputs again, into further shards'),
  allowEncoderChange: z
    .boolean()
    .default(false)
    .describe('go on with another version of the encoder than the one it was begun with'),
  dryRun: z.boolean().default(false).describe('show the plan and an estimate; write nothing'),
  rank: natural.optional().describe('of this process, where no launcher says it'),
  worldSize: positive.optional().describe('number of processes that share the partitions'),
};

export const runImagesOptions = z.object({ ...planImagesOptions.shape, ...running });
export type RunImagesOptions = z.output<typeof runImagesOptions>;

export const runVideosOptions = z.object({ ...planVideosOptions.shape, ...running });
export type RunVideosOptions = z.output<typeof runVideosOptions>;

const runningOptions = z.object(running);
export type RunningOptions = z.output<typeof runningOptions>;

export const statusOptions = z.object({
  json: z.boolean().default(false).describe('print JSON'),
});

export const finalizeOptions = z.object({
  maxFailures: shared.maxFailures,
  json: z.boolean().default(false).describe('print events as JSON lines on stdout'),
  quiet: z.boolean().default(false).describe('print nothing but errors'),
});

/** `"256x144"` -> pixels; one number is a square. */
export function parseSize(text: string): { width: number; height: number } {
  const [width, height = width] = text.split('x').map(Number);
  return { width, height };
}

/** `"10 %"` -> 0.1 */
export function parseShare(text: string): number {
  return Number.parseFloat(text) / 100;
}

/**
 * --merges and --vocab-size say the same thing twice.
 * @throws CodecLmError `USAGE` when both are given and disagree
 */
export function resolveMerges(
  options: { merges?: number; vocabSize?: number },
  byDefault: number,
): number {
  const { merges, vocabSize } = options;
  if (vocabSize === undefined) return merges ?? byDefault;
  if (merges !== undefined && merges !== vocabSize - 256) {
    throw new CodecLmError(
      'USAGE',
      `--merges ${merges} and --vocab-size ${vocabSize} disagree: --vocab-size ${merges + 256} is --merges ${merges}`,
      { hint: 'give one of them' },
    );
  }
  return vocabSize - 256;
}
