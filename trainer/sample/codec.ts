/** Reads the codec that a checkpoint was trained on. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { resolveOptions } from '../../base/options.ts';
import type { CheckpointCodec } from '../../schemas/run.ts';
import type { Codec } from '../../tokenizer/index.ts';
import { codecNamed, openRecorded } from '../../tokenizer/index.ts';
import { readCodecFile } from '../checkpoint/codec-file.ts';
import { CODEC_FILE } from '../checkpoint/files.ts';

export interface SamplingCodec extends Codec {
  /** Tokens per sequence in training. */
  seqLen: number;
}

/** The codec of a model that does not say which it is of: its name, and options as its commands have them. */
export interface CodecChoice {
  name: string;
  options?: Readonly<Record<string, unknown>>;
  /** Tokens of a sequence in training; default the codec's, or fewer where the model has fewer positions. */
  seqLen?: number;
}

/**
 * @param checkpoint a folder written by `trainer fit` or `trainer import`, or any other with a choice
 * @param maxPositions of the model
 * @throws CodecLmError `CHECKPOINT_INVALID` when nothing says which codec it speaks; `USAGE` when the
 *   folder and a choice both do; `CODEC_UNKNOWN`, `CONFIG_INVALID`
 */
export async function readSamplingCodec(
  checkpoint: string,
  choice: CodecChoice | undefined,
  maxPositions: number,
): Promise<SamplingCodec> {
  const path = join(checkpoint, CODEC_FILE);
  if (choice && existsSync(path)) {
    throw new CodecLmError('USAGE', `${path} says which codec it is: leave \`codec\` out`, {
      path,
    });
  }
  if (choice) {
    const { codec, recorded } = await openChoice(choice, maxPositions);
    return { ...codec, seqLen: recorded.seqLen };
  }
  const { codec, seqLen } = await readCodecFile(path);
  return { ...(await openRecorded(codec, path, 'CHECKPOINT_INVALID')), seqLen };
}

/** The codec of a choice, and the codec.json of a checkpoint of it. */
export interface OpenedChoice {
  codec: Codec;
  recorded: CheckpointCodec;
}

/**
 * Opens the codec that a user names for a model that does not say which it is of.
 * @param maxPositions of the model
 * @throws CodecLmError `CODEC_UNKNOWN`; `CONFIG_INVALID` that names the option, also for one that is
 *   missing; the errors of files that the options name
 */
export async function openChoice(
  { name, options = {}, seqLen }: CodecChoice,
  maxPositions: number,
): Promise<OpenedChoice> {
  const definition = codecNamed(name);
  const given = resolveOptions(definition.options.strict(), options, `codec ${name}`);
  const { settings, tools } = definition.fromOptions(given);
  const codec = await definition.open(settings, tools);
  if (codec.learning) {
    const { title, viewSettings } = definition;
    const missing = viewSettings.filter((key) => codec.settings[key] === undefined);
    const message = `${title}: ${codec.learning.what} are learned from a corpus, and nobody has named those of the model`;
    throw new CodecLmError('CONFIG_INVALID', message, {
      hint: `name ${missing.map((key) => `\`${key}\``).join(' and ')} beside \`codec\``,
    });
  }
  const recorded = {
    // Nobody knows who made its documents.
    codec: { name, settings: codec.settings, versions: {} },
    seqLen: seqLen ?? Math.min(codec.seqLen ?? definition.defaults.seqLen, maxPositions),
  };
  return { codec, recorded };
}
