/** The codec that a checkpoint was trained on, as the sampler needs it: prompts, grammar, files, pictures. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError, fileError } from '../../schemas/error.ts';
import { jpegSettingsSchema } from '../../schemas/jpeg.ts';
import { type CheckpointCodec, checkpointCodecSchema } from '../../schemas/run.ts';
import type { Codec } from '../../tokenizer/codec.ts';
import type { Grammar } from '../../tokenizer/grammar.ts';
import { jpegSampling } from './jpeg.ts';

export const CODEC_FILE = 'codec.json';

/** Where a document is cut for a prompt: after a share of its units, or by the authors' marker rule. */
export type PromptCut = { ratio: number } | { marker: number };

/** What differs between codecs; the rest of the sampler knows none by name. */
export interface SampledMedium {
  codec: Codec;
  /** Size of the images it was trained on, in pixels. */
  width: number;
  height: number;
  /** Of the documents a checkpoint writes. */
  grammar: Grammar;
  /**
   * @param document a whole canonical document
   * @returns bytes that are given to the model
   * @throws CodecLmError `USAGE` for a cut the document does not have
   */
  cut(document: Uint8Array, cut: PromptCut): number;
  /**
   * A whole document as a file that a viewer opens.
   * @throws CodecLmError with the codec's code when it is none
   */
  view(document: Uint8Array): Promise<Uint8Array>;
  /** The beginning of a document as a picture: what is missing is grey. */
  preview(beginning: Uint8Array): Uint8Array;
}

export interface SamplingCodec extends SampledMedium {
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
  return { ...jpegSampling(jpegSettingsSchema.parse(codec.settings)), seqLen };
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
