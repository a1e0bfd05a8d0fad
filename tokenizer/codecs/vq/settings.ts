/** What decides the symbols of an image as the codes of a VQ model. */
import { z } from 'zod';
import { MAX_ALPHABET } from '../../alphabet.ts';
import { imageInputOptions } from '../pictures/settings.ts';

export const vqSize = z
  .int()
  .min(1)
  .max(4096)
  .default(256)
  .describe('Width and height of the image in pixels; a multiple of what a code stands for')
  .meta({ valueName: 'px' });

export const vqSettingsSchema = z.strictObject({
  size: vqSize,
  side: z.int().min(1).optional().describe('Codes of a row, and rows'),
  codes: z.int().min(1).max(MAX_ALPHABET).optional().describe('Codes that the model has'),
  model: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional()
    .describe("sha256 of the model's safetensors file"),
  ...imageInputOptions,
});

export type VqSettings = z.output<typeof vqSettingsSchema>;

/** Those of a model that is known. */
export type ModelSettings = VqSettings & { side: number; codes: number; model: string };
