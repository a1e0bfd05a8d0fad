/** Settings that decide the canonical AVC bytes of a video, or which videos are refused. */
import { z } from 'zod';

/**
 * 4:2:0 halves both sides; beyond 4096 pixels, no level that players know allows the frame rate.
 */
const side = z.int().min(16).max(4096).multipleOf(2, 'must be even');

export const avcSettingsSchema = z.strictObject({
  width: side.default(256).describe('Width of the frames in pixels').meta({ valueName: 'px' }),
  height: side.default(144).describe('Height of the frames in pixels').meta({ valueName: 'px' }),
  fps: z.int().min(1).max(120).default(3).describe('Frames per second'),
  frames: z
    .int()
    .min(1)
    .max(1000)
    .default(15)
    .describe('Frames of a document, from the beginning of the video'),
  // 0 is lossless in x264, which the baseline profile does not support.
  qp: z
    .int()
    .min(1)
    .max(51)
    .default(37)
    .describe('Quantization parameter of H.264, from 1 (fine) to 51 (coarse); the paper uses 37'),
  profile: z
    .enum(['paper', 'reproducible'])
    .default('paper')
    .describe("The paper's command to the letter, or equal bytes on every machine and no SEI"),
  short: z
    .enum(['refuse', 'keep'])
    .default('refuse')
    .describe('Videos with too few frames: refuse them or keep their frames'),
  damaged: z
    .enum(['refuse', 'keep'])
    .default('refuse')
    .describe(
      'Videos whose decoder reports errors: refuse them or keep the frames that it recovered',
    ),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe('Longest time one video may take')
    .meta({ valueName: 's' }),
  memoryMb: z
    .int()
    .min(256)
    .max(1_000_000)
    .default(4096)
    .describe('Address space that ffmpeg may use for one video')
    .meta({ valueName: 'MB' }),
});

export type AvcSettings = z.output<typeof avcSettingsSchema>;
