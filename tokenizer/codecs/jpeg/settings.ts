/** Settings that decide the canonical JPEG bytes of an image, or which images are refused. */
import { z } from 'zod';
import { MAX_SIDE } from '../pictures/limits.ts';
import { imageInputOptions } from '../pictures/settings.ts';

const side = z.int().min(1).max(MAX_SIDE);

export const jpegSettingsSchema = z.strictObject({
  width: side.default(256).describe('Width of the image in pixels').meta({ valueName: 'px' }),
  height: side.default(256).describe('Height of the image in pixels').meta({ valueName: 'px' }),
  quality: z
    .int()
    .min(1)
    .max(100)
    .default(25)
    .describe('JPEG quality on the scale of libjpeg; the paper uses 25'),
  ...imageInputOptions,
});

export type JpegSettings = z.output<typeof jpegSettingsSchema>;
