/** The codec `avc`: a clip as the canonical bytes of an H.264 stream (paper, section 3.2). */
import { z } from 'zod';
import { parseSize, sizeOption } from '../../../schemas/size.ts';
import { defineCodec, extensionsOf } from '../define.ts';
import { VIDEO_ERRORS } from '../input-errors.ts';
import { meaningInAvc } from './meaning.ts';
import { avcSettingsSchema } from './settings.ts';

const { fps, frames, qp, profile, short, damaged, timeoutSeconds, memoryMb } =
  avcSettingsSchema.shape;

export const avcOptions = z.object({
  size: sizeOption.default('256x144'),
  fps,
  frames,
  qp,
  profile,
  short,
  damaged,
  timeoutSeconds,
  memoryMb,
  ffmpeg: z
    .string()
    .optional()
    .describe('The ffmpeg to use (default: the one on the PATH, then the one from npm)')
    .meta({ valueName: 'path' }),
});

export const avc = defineCodec({
  name: 'avc',
  title: 'AVC',
  media: 'videos',
  noun: 'video',
  documentNoun: 'clip',
  // Extensions of formats that ffmpeg's single-file demuxers read; the content is checked when
  // the file is read.
  extensions: extensionsOf(
    'mp4 m4v mov qt 3gp 3g2 mkv webm avi mpg mpeg mpe m1v m2v vob ts mts m2ts ogv ogg flv f4v ' +
      'wmv asf gif ivf h264 264 hevc h265 265 y4m nut mxf wtv rm rmvb dv obu mjpeg mjpg',
  ),
  file: { extension: '.mp4', mime: 'video/mp4' },
  shown: { extension: '.webp', mime: 'image/webp' },
  settings: avcSettingsSchema,
  viewSettings: ['fps'],
  options: avcOptions,
  fromOptions: ({ size, ffmpeg, ...settings }) => ({
    settings: { ...parseSize(size), ...settings },
    tools: { ffmpeg },
  }),
  defaults: { merges: 1024, seqLen: 32_768 },
  clips: true,
  work: 'processes',
  ...VIDEO_ERRORS,
  invalidCode: 'AVC_INVALID',
  meaning: meaningInAvc,
  async open(definition, settings, { ffmpeg }) {
    const { openAvc } = await import('./codec.ts');
    return openAvc(definition, settings, ffmpeg);
  },
});
