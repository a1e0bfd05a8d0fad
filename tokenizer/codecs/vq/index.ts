/** The codec `vq`: an image as the codes of a VQ model, in raster order (paper, section 4.3). */
import { z } from 'zod';
import { defineCodec } from '../define.ts';
import { IMAGE_ERRORS } from '../input-errors.ts';
import { imageExtensions, imageInputOptions } from '../pictures/settings.ts';
import { vqSettingsSchema, vqSize } from './settings.ts';
import { vqTrainOptions } from './train/options.ts';

export const vqOptions = z.object({
  size: vqSize,
  vq: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of a VQModel of diffusers: config.json and diffusion_pytorch_model.safetensors. Commands that find the codec in a dataset or checkpoint take it from CODEC_LM_VQ',
    )
    .meta({ valueName: 'dir' }),
  ...imageInputOptions,
});

declare module '../options.ts' {
  interface CodecOptionsByName {
    vq: z.input<typeof vqOptions>;
  }
}

export const vq = defineCodec({
  name: 'vq',
  title: 'VQ',
  media: 'images',
  noun: 'image',
  documentNoun: 'image',
  reads:
    'Reads the formats that the codec jpeg reads. Each image is cropped to a square, resized, and encoded by a VQ model.',
  extensions: imageExtensions,
  file: { extension: '.png', mime: 'image/png' },
  settings: vqSettingsSchema,
  viewSettings: ['size', 'side', 'codes', 'model'],
  symbolSettings: ['side', 'model'],
  options: vqOptions,
  fromOptions: ({ vq: dir, ...settings }) => ({ settings, tools: { vq: dir } }),
  // 32x32 codes between <bos> and <eos>: a sequence is an image.
  defaults: { seqLen: 1026 },
  work: 'threads',
  ...IMAGE_ERRORS,
  invalidCode: 'DOCUMENT_INVALID',
  training: {
    summary: 'Learn a VQ model on pictures (a VQ-VAE) and save it as diffusers does',
    options: vqTrainOptions,
    async run(run) {
      const { trainVq } = await import('./train/train.ts');
      return trainVq(run);
    },
  },
  async open(definition, settings, tools) {
    const { openVq } = await import('./codec.ts');
    return openVq(definition, settings, tools);
  },
});
