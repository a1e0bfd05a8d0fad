/** What decides the symbols of an image as pixels. */
import { z } from 'zod';
import { imageInputOptions } from '../pictures/settings.ts';

/** More are seldom learned well, and each pixel is compared with many of them. */
export const MOST_COLOURS = 4096;

export const size = z
  .int()
  .min(1)
  .max(512)
  .default(32)
  .describe('Width and height of the image in pixels; the paper of ImageGPT has 32, 48 and 64')
  .meta({ valueName: 'px' });

export const colours = z
  .int()
  .min(2)
  .max(MOST_COLOURS)
  .describe('Colours to learn from a sample of the images (default 512)');

export const colourSamples = z
  .int()
  .min(1)
  .max(100_000)
  .describe('Images that the colours are learned from (default 1000)');

export const pixelsSettingsSchema = z.strictObject({
  size,
  colours: colours.optional(),
  clusters: z
    .string()
    .optional()
    .describe('The colours: base64 of float32, little-endian, in -1..1: [colours, 3]'),
  colourSamples: colourSamples.optional(),
  ...imageInputOptions,
});

export type PixelsSettings = z.output<typeof pixelsSettingsSchema>;

/** Those whose number of colours is known. */
export type KnownSettings = PixelsSettings & { colours: number };

export const DEFAULT_COLOURS = 512;
export const DEFAULT_SAMPLES = 1000;
