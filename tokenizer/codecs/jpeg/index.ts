/** The codec `jpeg`: an image as the canonical bytes of a JPEG file (paper, section 3.1). */
import { z } from 'zod';
import { parseSize, sizeOption } from '../../../schemas/size.ts';
import { defineCodec } from '../define.ts';
import { IMAGE_ERRORS } from '../input-errors.ts';
import { imageExtensions, imageInputOptions } from '../pictures/settings.ts';
import { meaningInJpeg } from './meaning.ts';
import { jpegSettingsSchema } from './settings.ts';

export const jpegOptions = z.object({
  size: sizeOption.default('256'),
  quality: z.number().int().min(1).max(100).default(25).describe('JPEG quality'),
  ...imageInputOptions,
});

export const jpeg = defineCodec({
  name: 'jpeg',
  title: 'JPEG',
  media: 'images',
  noun: 'image',
  documentNoun: 'image',
  reads:
    'Reads JPEG, PNG, WebP, GIF, TIFF, AVIF and BMP, of animations the first frame; HEIC with the optional package libheif-js; SVG with --svg render. Other formats are refused by name: convert them first.',
  // Extensions of formats that sharp's libvips reads; the content is checked when the file is
  // read.
  extensions: imageExtensions,
  file: { extension: '.jpg', mime: 'image/jpeg' },
  settings: jpegSettingsSchema,
  viewSettings: ['quality'],
  options: jpegOptions,
  fromOptions: ({ size, ...settings }) => ({ settings: { ...parseSize(size), ...settings } }),
  defaults: { merges: 320, seqLen: 12_288 },
  work: 'threads',
  ...IMAGE_ERRORS,
  invalidCode: 'JPEG_INVALID',
  meaning: meaningInJpeg,
  async open(definition, settings) {
    const { openJpeg } = await import('./codec.ts');
    return openJpeg(definition, settings);
  },
});
