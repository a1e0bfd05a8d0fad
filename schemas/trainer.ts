/**
 * The configuration of a training run. This is the only place that knows the
 * keys: validation, defaults, `trainer config show|schema` and `--set` come from here.
 */
import { z } from 'zod';
import { splitSchema } from './dataset.ts';

const count = z.int().min(1);
const countOrNone = z.int().min(0);
const positive = z.number().positive();
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .default(0);

const modelConfigSchema = z.strictObject({
  preset: z
    .string()
    .optional()
    .describe(
      'Name of the preset the run starts from; a file may set it instead of --preset on the command line',
    ),
  hiddenSize: count.default(256).describe('Width of the residual stream; a multiple of heads'),
  layers: count.default(4).describe('Number of transformer blocks'),
  heads: count
    .default(4)
    .describe('Attention heads; hiddenSize / heads is the head size and must be even (RoPE)'),
  kvHeads: count
    .default(4)
    .describe('Key and value heads; fewer than heads is grouped-query attention; divides heads'),
  intermediateSize: count.default(640).describe('Width of the SwiGLU feed-forward layer'),
  ropeTheta: positive.default(10_000).describe('Base of the rotary position frequencies'),
  normEps: positive.default(1e-5).describe('Epsilon of RMSNorm'),
  tieEmbeddings: z
    .boolean()
    .default(false)
    .describe('Use the input embedding as the output layer too'),
  qkNorm: z
    .boolean()
    .default(false)
    .describe('RMSNorm of each query and key head; such a model is a Qwen3 in transformers'),
});

const dataConfigSchema = z.strictObject({
  split: splitSchema.default('train').describe('Split of the dataset that is trained on'),
  shuffle: z.boolean().default(true).describe('Shuffle all sequences anew in every epoch'),
  seed: seed.describe('Seed of the order of the sequences'),
  docMask: z
    .boolean()
    .default(false)
    .describe('Tokens attend only to their own document; off as in the paper'),
});

const trainConfigSchema = z.strictObject({
  steps: count.default(1000).describe('Optimizer steps of the whole run'),
  microBatch: count.default(4).describe('Sequences in one forward and backward pass'),
  gradAccumulation: count
    .default(1)
    .describe(
      'Micro batches in an optimizer step, of each rank; their gradients are averaged over tokens',
    ),
  globalBatch: count
    .optional()
    .describe(
      'Sequences in an optimizer step over all ranks; sets gradAccumulation to globalBatch / (microBatch * ranks)',
    ),
  seqLen: z
    .int()
    .min(2)
    .optional()
    .describe(
      "Tokens per sequence; a value below the dataset's cuts its rows into pieces and skips nothing; default: the dataset's",
    ),
  precision: z
    .enum(['fp32', 'bf16'])
    .default('fp32')
    .describe('Number format of the matrix products of the layers; weights and sums are fp32'),
  checkpointing: z
    .boolean()
    .default(false)
    .describe('Keep only the input of each block for the backward pass: less memory, more work'),
  seed: seed.describe('Seed of the initial weights'),
  evalEvery: countOrNone
    .default(0)
    .describe(
      'Steps between evaluations on the val split, also done at the end; 0 = at the end only',
    ),
  evalBatches: countOrNone
    .default(16)
    .describe(
      'Micro batches that an evaluation reads from the val split of each dataset, over all ranks; 0 = the whole split',
    ),
  saveEvery: countOrNone
    .default(100)
    .describe('Steps between checkpoints; one is always saved at the end; 0 = at the end only'),
  keepLast: countOrNone.default(3).describe('Checkpoints kept, the newest ones; 0 = all'),
  keepEvery: countOrNone
    .default(0)
    .describe('Also keep the checkpoints of steps divisible by this number; 0 = none'),
  peakFlops: positive
    .optional()
    .describe(
      'Floating-point operations per second that the device of one rank can do, for MFU; default: measured at the start',
    ),
  rankTimeout: positive
    .default(1800)
    .describe('Seconds a rank waits for the others before it gives up'),
});

const optimConfigSchema = z.strictObject({
  lr: positive.default(1e-3).describe('Highest learning rate, reached after the warm-up'),
  minLr: z.number().min(0).default(1e-4).describe('Learning rate at the end of the run'),
  warmupSteps: countOrNone.default(20).describe('Steps of linear warm-up'),
  schedule: z
    .enum(['cosine', 'wsd'])
    .default('cosine')
    .describe(
      'After the warm-up: half a cosine down to minLr, or the highest rate (stable) and a decay at the end (wsd)',
    ),
  decaySteps: count
    .optional()
    .describe('Steps of the decay of wsd, the last ones of the run; default: a tenth of the steps'),
  decayShape: z
    .enum(['linear', '1-sqrt'])
    .default('1-sqrt')
    .describe(
      'How the rate falls in the decay of wsd: in a line, or as 1 less the root of its progress',
    ),
  mupBaseWidth: countOrNone
    .default(0)
    .describe(
      'muP: hiddenSize of the model whose rates were found; rates and initial weights are scaled from it to model.hiddenSize; 0 = no scaling',
    ),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.95])
    .describe('Decay of the first and second moments of AdamW'),
  eps: positive.default(1e-8).describe('Epsilon of AdamW'),
  weightDecay: z
    .number()
    .min(0)
    .default(0.1)
    .describe('Decoupled weight decay; not applied to norms'),
  clipNorm: z
    .number()
    .min(0)
    .default(1)
    .describe('Highest global norm of the gradients; 0 = no clipping'),
  zLoss: z
    .number()
    .min(0)
    .default(0)
    .describe('Weight of the squared log of the softmax denominator (z-loss); 0 = none'),
  zero: z
    .union([z.literal(0), z.literal(1), z.literal(3)], { error: 'expected 0, 1 or 3' })
    .default(0)
    .describe(
      'ZeRO stage: 1 shards the moments of AdamW over the ranks, 3 also weights and gradients (blocks are then computed again for their gradients), 0 keeps all of them on each rank',
    ),
  zeroGroup: count
    .optional()
    .describe(
      'Ranks that share a model with zero=3, such as those of one machine; groups of them are replicas; default: all ranks',
    ),
});

export const trainerConfigSchema = z.strictObject({
  model: modelConfigSchema.prefault({}).describe('The Llama model'),
  data: dataConfigSchema
    .prefault({})
    .describe('Which data is read from the dataset, and in which order'),
  train: trainConfigSchema.prefault({}).describe('The loop'),
  optim: optimConfigSchema.prefault({}).describe('AdamW and its schedule'),
});

export type TrainerConfig = z.output<typeof trainerConfigSchema>;

/** The configuration as a person writes it: every key may be left out. */
export type TrainerConfigInput = z.input<typeof trainerConfigSchema>;
