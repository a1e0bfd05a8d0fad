/** Reads the codec that a checkpoint was trained on. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { type CheckpointCodec, checkpointCodecSchema } from '../../schemas/run.ts';
import type { Codec } from '../../tokenizer/index.ts';
import { openRecorded } from '../../tokenizer/index.ts';
import { CODEC_FILE } from '../checkpoint/files.ts';

export interface SamplingCodec extends Codec {
  /** Tokens per sequence in training. */
  seqLen: number;
}

/**
 * @param checkpoint a folder written by `trainer fit`
 * @throws CodecLmError `CHECKPOINT_INVALID` when it does not name its codec; `CODEC_UNKNOWN`
 */
export async function readSamplingCodec(checkpoint: string): Promise<SamplingCodec> {
  const path = join(checkpoint, CODEC_FILE);
  const { codec, seqLen } = await readCodecFile(path);
  return { ...(await openRecorded(codec, path, 'CHECKPOINT_INVALID')), seqLen };
}

async function readCodecFile(path: string): Promise<CheckpointCodec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const cause = readError(error, path);
    if (cause.code !== 'INPUT_NOT_FOUND') throw cause;
    throw new CodecLmError('CHECKPOINT_INVALID', cause.message, {
      cause,
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
