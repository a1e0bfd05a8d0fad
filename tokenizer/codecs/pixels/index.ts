/**
 * The codec `pixels`: a small image as its pixels in raster order, each the nearest of a palette's
 * colours (ImageGPT, Chen et al. 2020, section 3.1).
 */
import { z } from 'zod';
import { defineCodec } from '../define.ts';
import { IMAGE_ERRORS } from '../input-errors.ts';
import { imageExtensions, imageInputOptions } from '../pictures/settings.ts';
import { colourSamples, colours, pixelsSettingsSchema, size } from './settings.ts';

export const pixelsOptions = z.object({
  size,
  colours: colours.optional(),
  clusters: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Use the colours of this file instead of learning some: .npy, [colours, 3] in -1..1; the preprocessor_config.json of an ImageGPT; dataset.json of a dataset of pixels',
    )
    .meta({ valueName: 'file' }),
  colourSamples: colourSamples.optional(),
  ...imageInputOptions,
});

declare module '../options.ts' {
  interface CodecOptionsByName {
    pixels: z.input<typeof pixelsOptions>;
  }
}

export const pixels = defineCodec({
  name: 'pixels',
  title: 'Pixels',
  media: 'images',
  noun: 'image',
  documentNoun: 'image',
  reads:
    'Reads the formats that the codec jpeg reads. Each image is cropped to a square, resized, and each pixel becomes the nearest of a few colours.',
  extensions: imageExtensions,
  file: { extension: '.png', mime: 'image/png' },
  settings: pixelsSettingsSchema,
  viewSettings: ['size', 'colours', 'clusters'],
  symbolSettings: ['size', 'clusters'],
  options: pixelsOptions,
  fromOptions: ({ clusters, ...settings }) => ({ settings, tools: { clusters } }),
  // 32x32 pixels between <bos> and <eos>: a sequence is an image.
  defaults: { seqLen: 1026 },
  work: 'threads',
  ...IMAGE_ERRORS,
  invalidCode: 'DOCUMENT_INVALID',
  async open(definition, settings, tools) {
    const { openPixels } = await import('./codec.ts');
    return openPixels(definition, settings, tools);
  },
});
