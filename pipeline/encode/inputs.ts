/**
 * Converts planned inputs to documents: reads, encodes and counts them. An input gives a document
 * or its own error.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CodecLmError } from '../../base/error.ts';
import type { CodecDefinition, Document, Encoder, FileSpan } from '../../tokenizer/index.ts';
import { type ByteString, isFar } from '../plan/byte-strings.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { giveBuffer } from '../sources/buffers.ts';
import { findInput, readInput } from '../sources/read.ts';
import { type Input, labelOf, sourceFileOf } from '../sources/source.ts';

/** Seconds of work, summed over inputs that were in flight together. */
export interface StageSeconds {
  read: number;
  encode: number;
  tokenize: number;
}

/** Counters of encoding. */
export interface EncodeCounts {
  sourceBytes: number;
  /** Documents and source bytes that were already encoded for the tokenizer's sample. */
  reused: { documents: number; sourceBytes: number };
  seconds: StageSeconds;
}

export function noCounts(): EncodeCounts {
  return {
    sourceBytes: 0,
    reused: { documents: 0, sourceBytes: 0 },
    seconds: { read: 0, encode: 0, tokenize: 0 },
  };
}

/** A document, and what is known of the file that it is made of. */
export type InputDocument = Document & {
  /** sha256 of the file, if it is kept. */
  sha256?: string;
  /** Seconds from the beginning of its video, if that may give several documents. */
  clipStart?: number;
  /** Decides the split in place of the symbols: equal for all documents of a video. */
  splitKey?: Uint8Array;
};

export interface InputEncoder {
  /**
   * @returns the document, or the error if this input caused it
   * @throws CodecLmError only for errors that no single input caused
   */
  encode(planned: PlannedInput, counts: EncodeCounts): Promise<InputDocument | CodecLmError>;
  /**
   * Inputs next to each other that may wait for one piece of work, as clips do for the survey of their
   * video: so many times more have to be in flight. Default 1.
   */
  readonly together?: number;
  /** Removes temporary files, if it has any; nothing may be in work. */
  close?(): Promise<void>;
}

/** The parts of a codec's definition that are needed here. */
export type InputErrors = Pick<CodecDefinition, 'unreadable' | 'tooLarge'>;

/**
 * @param bases base paths of the sources
 * @param hasHash whether documents have the sha256 of their source file
 */
export function createInputEncoder(
  encoder: Encoder,
  bases: readonly ByteString[],
  errors: InputErrors,
  hasHash = false,
): InputEncoder {
  const encodePlaced = async (input: Input, counts: EncodeCounts): Promise<InputDocument> => {
    const file = await findInput(bases, input, errors.unreadable);
    // The codec reads the file itself: count reading as encoding.
    const start = performance.now();
    try {
      const document = await encoder.encodeFile!(file, labelOf(bases, input));
      return hasHash ? { ...document, sha256: await fileHash(file) } : document;
    } finally {
      counts.sourceBytes += file.size;
      counts.seconds.encode += secondsSince(start);
    }
  };
  const encodeContent = async (input: Input, counts: EncodeCounts): Promise<InputDocument> => {
    const readStart = performance.now();
    const source = await readInput(bases, input, errors);
    counts.sourceBytes += source.length;
    counts.seconds.read += secondsSince(readStart);
    const encodeStart = performance.now();
    try {
      // Encoders do not change the source, but may be done with its memory.
      const sha256 = hasHash ? createHash('sha256').update(source).digest('hex') : undefined;
      const document = await encoder.encode(source, labelOf(bases, input));
      return sha256 ? { ...document, sha256 } : document;
    } finally {
      giveBuffer(source);
      counts.seconds.encode += secondsSince(encodeStart);
    }
  };
  return {
    async encode({ input }, counts) {
      const isPlaced = isInPlace(encoder, bases, input);
      try {
        return await (isPlaced ? encodePlaced(input, counts) : encodeContent(input, counts));
      } catch (error) {
        // Any other error stops the run.
        if (error instanceof CodecLmError && error.scope === 'input') return error;
        throw error;
      }
    },
  };
}

/**
 * Whether the codec may read the input itself. A sparse member of an archive is not stored as one piece;
 * ffmpeg reads files of this machine.
 */
export function isInPlace(encoder: Encoder, bases: readonly ByteString[], input: Input): boolean {
  if (!encoder.encodeFile || input.member?.headersAt !== undefined) return false;
  return !isFar(sourceFileOf(bases, input));
}

/** sha256 of a file, or of a part of it, that a codec reads by itself. */
export async function fileHash({ path, offset, size }: FileSpan): Promise<string> {
  const hash = createHash('sha256');
  const part = { start: offset, end: offset + size - 1 };
  if (size > 0) for await (const chunk of createReadStream(path, part)) hash.update(chunk);
  return hash.digest('hex');
}

export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
