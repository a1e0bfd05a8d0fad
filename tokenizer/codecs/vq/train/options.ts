/** Options of training a VQ model, with their meaning and defaults. */
import { z } from 'zod';
import { imageInputOptions } from '../../pictures/settings.ts';

export const vqTrainOptions = z.object({
  size: z
    .int()
    .min(4)
    .max(1024)
    .default(32)
    .describe('Width and height of the pictures in pixels; a multiple of what a code stands for')
    .meta({ valueName: 'px' }),
  config: z
    .string()
    .min(1)
    .default('small')
    .describe(
      "The model's architecture: `small` (a code for 4x4 pixels, 256 codes, for a CPU), `paper` (that of the paper's VQ tokenizer: a code for 8x8 pixels, 4,096 codes), or the config.json of a VQModel",
    )
    .meta({ valueName: 'name|file' }),
  codes: z.int().min(2).max(65_533).optional().describe('Codes, in place of those of `config`'),
  steps: z.int().min(1).max(10_000_000).default(2000).describe('Steps to train'),
  batchSize: z.int().min(1).max(4096).default(16).describe('Pictures of a step'),
  lr: z.number().gt(0).max(1).default(1e-3).describe('Highest learning rate of Adam'),
  warmupSteps: z.int().min(0).default(50).describe('Steps until the learning rate is reached'),
  commitment: z
    .number()
    .min(0)
    .max(100)
    .default(0.25)
    .describe('Weight of the commitment loss (van den Oord et al. 2017, equation 3)'),
  decay: z
    .number()
    .min(0)
    .lt(1)
    .default(0.99)
    .describe("Decay of the codes' moving averages (there, appendix A.1)"),
  samples: z
    .int()
    .min(2)
    .default(20_000)
    .describe('Pictures to learn from at most, spread evenly over all inputs'),
  valFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('Share of the pictures that is held out, to measure with; at most 256 of them'),
  evalEvery: z.int().min(1).default(250).describe('Steps between measurements'),
  saveEvery: z.int().min(1).default(250).describe('Steps between checkpoints'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Seed of the weights, the order of pictures and restarts'),
  ...imageInputOptions,
});

export type VqTrainOptions = z.output<typeof vqTrainOptions>;
