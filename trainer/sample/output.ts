/**
 * Writes the files of a sample: the picture (or the symbols, if it is not valid), and a
 * description.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeError } from '../../base/file-error.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import {
  bytesOfSymbols,
  type Codec,
  type Companion,
  type Symbols,
  unitOf,
} from '../../tokenizer/index.ts';
import type { Generation } from './batch/job.ts';
import { lengthOf, type Sample } from './finished.ts';

/** One finished sample: a line of `--json`. */
export interface SampleFile {
  sample: number;
  file: string;
  /** Name of the prompt's file. */
  prompt?: string;
  /** Number of given tokens, including `<bos>`, and of drawn tokens, including `<eos>`. */
  promptTokens: number;
  tokens: number;
  /** Length of the document including the prompt; one of the two keys, by the alphabet. */
  bytes?: number;
  symbols?: number;
  /** `length`: it reached the limit. */
  finish: Generation['finish'];
  valid: boolean;
  /** Reason why it is not a valid file. */
  reason?: string;
  /** Mean ln p of its tokens under the unfiltered model. */
  logProbability: number;
  /** Number of tokens at which the grammar forbade the most likely token. */
  corrected: number;
}

export interface WrittenSample {
  sample: SampleFile;
  /** Picture for the sheet; null if the document is not valid. */
  picture: Uint8Array | null;
  /** Files that were written beside it. */
  companions: Companion[];
  /** The part that was given, in words; undefined if nothing was. */
  given?: string;
}

export function sampleName(index: number): string {
  return String(index).padStart(8, '0');
}

/**
 * Writes a sample. A document that is not complete is written as raw symbols, under another name.
 */
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
  const inWords = given > 0 && isValid ? givenInWords(document, given, codec) : undefined;
  return { sample: written, picture, companions, given: inWords };
}

/** Says how much of a document was given. */
export function givenInWords(document: Symbols, given: number, codec: Codec): string {
  const unit = unitOf(codec.alphabet);
  return (
    codec.still.givenInWords?.(document, given) ?? `${given} of ${document.length} ${unit}s given`
  );
}

/** Writes `00000000.json` beside `00000000.jpg`: the sample and everything that it depends on. */
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

/**
 * Makes an empty folder, so that files of another command are never mixed with these or
 * overwritten.
 */
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
