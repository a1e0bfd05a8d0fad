/** Options of sampling, with their meaning and defaults. */
import { z } from 'zod';

export const checkpointOption = z
  .string()
  .describe('Checkpoint folder, or a run directory to use its newest checkpoint; or s3://…')
  .meta({ valueName: 'dir', isPlace: true });

export const threadsOption = z.int().min(1).max(64).optional();

/** Number formats in which a sampler holds the matrices of a model. */
export const WEIGHTS_TYPES = ['fp32', 'bf16', 'fp16', 'int8'] as const;

export type WeightsType = (typeof WEIGHTS_TYPES)[number];

export const weightsOption = z
  .enum(WEIGHTS_TYPES)
  .optional()
  .describe("Number format that the model's matrices are held in; default: the checkpoint's own")
  .meta({ group: 'Model' });

/** Number formats of keys and values. */
export const CACHE_TYPES = ['fp32', 'bf16', 'int8'] as const;

export type CacheType = (typeof CACHE_TYPES)[number];

export const cacheOption = z
  .enum(CACHE_TYPES)
  .optional()
  .describe(
    'Number format that keys and values are held in; default: fp32 beside fp32 weights, bf16 beside narrower ones, int8 where memory is too short for these',
  )
  // CODEC_LM_CACHE is the folder of what set-up installs.
  .meta({ isFlagOnly: true, group: 'Model' });

/** Engines of the sampler; `auto` chooses one. */
export const ENGINES = ['auto', 'wasm', 'native'] as const;

export type EngineChoice = (typeof ENGINES)[number];

export const engineOption = z
  .enum(ENGINES)
  .optional()
  .describe(
    'What computes: wasm on any CPU, with the same files for any batch; native on TensorFlow, for GPUs and for large batches; default: auto, the faster one',
  )
  .meta({ group: 'Machine' });

export const draftOption = z
  .string()
  .optional()
  .describe(
    'Checkpoint of a small model of the same tokenizer, which proposes tokens that the model then checks, several in one step: faster for large models, with the same files',
  )
  .meta({ valueName: 'dir', isPlace: true, group: 'Model' });

export const draftTokensOption = z
  .int()
  .min(1)
  .max(16)
  .optional()
  .describe(
    'Tokens that the draft proposes at each step; default: as many as pay, found by measuring',
  )
  .meta({ group: 'Model' });

export const batchSizeOption = z.int().min(1).max(64).default(16);

export const tokenHealingOption = z
  .boolean()
  .default(false)
  .describe(
    'Draw the last tokens of a prompt again, with the same symbols: a prompt that ends within a token of the whole document otherwise tells the model that the document goes on differently',
  )
  .meta({ group: 'Sampling' });

/** Options that `sample` of the library and of the command line share. */
export const samplingOptions = {
  num: z.int().min(1).max(100_000).default(16).describe('Samples to draw'),
  temperature: z
    .number()
    .min(0)
    .default(1)
    .describe('Divides the logits; 0 always takes the most likely token'),
  topK: z.int().min(0).default(40).describe('Keep the k most likely tokens; 0 keeps all'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe('Keep the most likely tokens that reach this probability together; 1 keeps all'),
  minP: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Keep tokens at least this share as likely as the most likely one; 0 keeps all'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Seed; the same seed gives the same files'),
  maxTokens: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Longest sample in tokens, including the prompt; default: the sequence length of training',
    ),
  threads: threadsOption.describe('Cores to use; does not change the samples; default: all'),
};

export const sampleSchema = z.strictObject({
  ...samplingOptions,
  grammar: z.boolean().default(true).describe('Allow only tokens that continue a canonical file'),
  batchSize: batchSizeOption.describe('Samples drawn at once; does not change the samples'),
  tokenHealing: tokenHealingOption,
});

/** Options of `sample` with all defaults filled in. */
export type SampleSettings = z.output<typeof sampleSchema>;

/** Options as the caller passes them: those with defaults may be left out. */
export type SampleSettingsInput = z.input<typeof sampleSchema>;
