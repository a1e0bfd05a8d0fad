/**
 * Converts planned inputs to documents: reads, encodes and counts them. An input gives a document
 * or its own error.
 */

import { CodecLmError } from '../../base/error.ts';
import type { CodecDefinition, Document, Encoder } from '../../tokenizer/index.ts';
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

export interface InputEncoder {
  /**
   * @returns the document, or the error if this input caused it
   * @throws CodecLmError only for errors that no single input caused
   */
  encode(planned: PlannedInput, counts: EncodeCounts): Promise<Document | CodecLmError>;
}

/** The parts of a codec's definition that are needed here. */
export type InputErrors = Pick<CodecDefinition, 'unreadable' | 'tooLarge'>;

/** @param bases base paths of the sources */
export function createInputEncoder(
  encoder: Encoder,
  bases: readonly ByteString[],
  errors: InputErrors,
): InputEncoder {
  const encodePlaced = async (input: Input, counts: EncodeCounts): Promise<Document> => {
    const file = await findInput(bases, input, errors.unreadable);
    // The codec reads the file itself: count reading as encoding.
    const start = performance.now();
    try {
      return await encoder.encodeFile!(file, labelOf(bases, input));
    } finally {
      counts.sourceBytes += file.size;
      counts.seconds.encode += secondsSince(start);
    }
  };
  const encodeContent = async (input: Input, counts: EncodeCounts): Promise<Document> => {
    const readStart = performance.now();
    const source = await readInput(bases, input, errors);
    counts.sourceBytes += source.length;
    counts.seconds.read += secondsSince(readStart);
    const encodeStart = performance.now();
    try {
      return await encoder.encode(source, labelOf(bases, input));
    } finally {
      giveBuffer(source);
      counts.seconds.encode += secondsSince(encodeStart);
    }
  };
  return {
    async encode({ input }, counts) {
      // A sparse member of an archive is not stored as one piece; ffmpeg reads files of this machine.
      const isStored = input.member?.headersAt === undefined && !isFar(sourceFileOf(bases, input));
      const isInPlace = encoder.encodeFile && isStored;
      try {
        return await (isInPlace ? encodePlaced(input, counts) : encodeContent(input, counts));
      } catch (error) {
        // Any other error stops the run.
        if (error instanceof CodecLmError && error.scope === 'input') return error;
        throw error;
      }
    },
  };
}

export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
