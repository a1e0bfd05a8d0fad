/** How sets of pictures are compared: options, their meaning, their defaults. */
import { z } from 'zod';

export const RESIZES = ['clean', 'pytorch', 'tf'] as const;

export const resizeOption = z
  .enum(RESIZES)
  .describe(
    "How pictures are brought to the network's size: as clean-fid, pytorch-fid or TensorFlow 1 (torch-fidelity) do; default clean, or that of the .npz file",
  )
  .meta({ group: 'Pictures' });

export const networkOption = z
  .string()
  .describe(
    "File of the network's weights: FID's Inception, torchvision's MobileNetV2 or a DINOv2 ViT",
  )
  .meta({ valueName: 'weights', group: 'Model' });

export const skipBrokenOption = z
  .boolean()
  .default(false)
  .describe('Go on without pictures that cannot be read; without it the first one ends the work')
  .meta({ group: 'Pictures' });

/** What `compare` of the library and of the command line share. */
export const distanceOptions = {
  resize: resizeOption.optional(),
  skipBroken: skipBrokenOption,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(2020)
    .describe("Seed of KID's subsets and of the bootstrap; the default is that of torch-fidelity")
    .meta({ group: 'Distances' }),
  kidSubsets: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Random subsets that KID averages')
    .meta({ group: 'Distances' }),
  kidSubsetSize: z
    .int()
    .min(2)
    .max(10_000)
    .default(1000)
    .describe('Pictures of each subset; all, where there are fewer')
    .meta({ group: 'Distances' }),
  bootstrap: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe('Times that pictures are drawn anew, with repetition, for the errors of the figures')
    .meta({ group: 'Distances' }),
};

export const compareSchema = z.strictObject(distanceOptions);
