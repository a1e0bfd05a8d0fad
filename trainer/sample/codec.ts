/** The codec that a checkpoint was trained on: from its settings alone to files, prompts and sheets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, fileError } from '../../schemas/error.ts';
import { jpegSettingsSchema } from '../../schemas/jpeg.ts';
import { type CheckpointCodec, checkpointCodecSchema } from '../../schemas/run.ts';
import type { Codec } from '../../tokenizer/codec.ts';
import { createJpegCodec } from '../../tokenizer/jpeg/encode.ts';

export const CODEC_FILE = 'codec.json';

export interface SamplingCodec {
  codec: Codec;
  /** Size of the images it was trained on, in pixels. */
  width: number;
  height: number;
  quality: number;
  /** Tokens of a sequence in training. */
  seqLen: number;
}

/**
 * @param checkpoint a folder written by `trainer fit`
 * @throws CodecLmError `CHECKPOINT_INVALID` when it does not say which codec it speaks;
 *   `CONFIG_INVALID` for a codec that cannot be sampled
 */
export async function readSamplingCodec(checkpoint: string): Promise<SamplingCodec> {
  const { codec, seqLen } = await readCodecFile(join(checkpoint, CODEC_FILE));
  if (codec.name !== 'jpeg') {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `the checkpoint was trained on ${codec.name}; only jpeg can be sampled in this version`,
    );
  }
  const settings = jpegSettingsSchema.parse(codec.settings);
  return {
    codec: createJpegCodec(settings),
    width: settings.width,
    height: settings.height,
    quality: settings.quality,
    seqLen,
  };
}

async function readCodecFile(path: string): Promise<CheckpointCodec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', fileError(error, 'reading', path).message, {
      cause: error,
      path,
      hint: 'sampling needs the codec and its settings, which `trainer fit` writes beside the weights',
    });
  }
  try {
    return checkpointCodecSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} does not describe a codec`, {
      cause: error,
      path,
    });
  }
}
