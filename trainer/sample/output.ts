/** The files of a sample: the picture (or what was drawn instead), and a description beside it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { bytesOfSymbols, type Codec, type Companion } from '../../tokenizer/index.ts';
import type { Generation } from './batcher.ts';
import { lengthOf, type Sample } from './finished.ts';

/** One finished sample: a line of `--json`. */
export interface SampleFile {
  sample: number;
  file: string;
  /** Name of the file it goes on from. */
  prompt?: string;
  /** Tokens that were given, `<bos>` counted, and tokens drawn, `<eos>` counted. */
  promptTokens: number;
  tokens: number;
  /** Of the document, the prompt counted; one of the two, as its alphabet is of bytes or not. */
  bytes?: number;
  symbols?: number;
  /** `length`: cut off by the limit. */
  finish: Generation['finish'];
  valid: boolean;
  /** Why it is no valid file. */
  reason?: string;
  /** Mean ln p of its tokens under the unfiltered model. */
  logProbability: number;
  /** Tokens of which the grammar forbade the model's favourite. */
  corrected: number;
}

export interface WrittenSample {
  sample: SampleFile;
  /** For the sheet; null where the document is not valid. */
  picture: Uint8Array | null;
  /** Files that were written beside it. */
  companions: Companion[];
}

export function sampleName(index: number): string {
  return String(index).padStart(8, '0');
}

/** A document that is not whole keeps its symbols as they are, under another name. */
export async function writeSample(
  folder: string,
  sample: Sample,
  codec: Codec,
): Promise<WrittenSample> {
  const { index, document, given, reason } = sample;
  const isValid = sample.file !== null;
  const file = join(folder, `${sampleName(index)}${isValid ? sample.extension : '.bin'}`);
  await write(file, sample.file ?? bytesOfSymbols(document));
  const companions = isValid ? await codec.companions(document, given) : [];
  for (const companion of companions) {
    await write(join(folder, `${sampleName(index)}${companion.extension}`), companion.file);
  }
  const { prompt, promptTokens, tokens, finish, logProbability, corrected } = sample;
  const written: SampleFile = {
    sample: index,
    file,
    prompt,
    promptTokens,
    tokens,
    ...lengthOf(document, codec.alphabet),
    finish,
    valid: isValid,
    reason,
    logProbability,
    corrected,
  };
  const picture = isValid ? await codec.still.draw(document, given) : null;
  return { sample: written, picture, companions };
}

/** `00000000.json` beside `00000000.jpg`: the sample, and all that it was drawn by. */
export async function writeDescription(
  folder: string,
  sample: SampleFile,
  settings: Record<string, unknown>,
): Promise<void> {
  const { file, ...rest } = sample;
  const name = file.slice(folder.length + 1);
  const text = JSON.stringify({ ...rest, file: name, ...settings }, null, 2);
  await write(join(folder, `${sampleName(sample.sample)}.json`), Buffer.from(`${text}\n`));
}

/** Files of another command are never mixed with or written over. */
export async function makeEmpty(folder: string): Promise<void> {
  const names = await namesIn(folder, writeError);
  if (names.length > 0) {
    throw new CodecLmError('OUTPUT_IN_USE', `${folder} is not empty`, {
      path: folder,
      hint: 'name another folder as `to`',
    });
  }
  await makeFolder(folder);
}

export async function write(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw writeError(error, path);
  }
}
