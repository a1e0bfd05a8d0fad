/** Two stages of the pipeline: inputs to canonical bytes, each a document or a failure, and those to token ids. */

import { CodecLmError } from '../../base/error.ts';
import type { Failure, Split } from '../../schemas/dataset.ts';
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import type { Codec, Document } from '../../tokenizer/codecs/codec.ts';
import type { ByteString } from '../plan/byte-strings.ts';
import type { PlannedInput } from '../plan/plan.ts';
import { giveBuffer } from '../sources/buffers.ts';
import { findInput, IMAGE_CODES, readInput, VIDEO_CODES } from '../sources/read.ts';
import { type Input, labelOf } from '../sources/source.ts';
import { splitOf } from './split.ts';

export interface EncodedDocument {
  docId: number;
  source: string;
  /** Canonical bytes. */
  document: Document;
}

export interface TokenizedDocument {
  docId: number;
  source: string;
  /** Canonical bytes, counted. */
  bytes: number;
  width: number;
  height: number;
  /** `<bos>` … `<eos>` */
  tokens: Uint16Array;
  split: Split;
}

/** Seconds of work, summed over inputs that were in flight together. */
export interface StageSeconds {
  read: number;
  encode: number;
  tokenize: number;
}

export interface Batch<Item> {
  documents: Item[];
  failures: Failure[];
  sourceBytes: number;
  /** Of documents and source bytes: what was encoded before, for the tokenizer's sample. */
  reused: { documents: number; sourceBytes: number };
  seconds: StageSeconds;
}

/** What encoding one input counts into. */
export type EncodeCounts = Pick<Batch<unknown>, 'sourceBytes' | 'reused' | 'seconds'>;

export function noCounts(): EncodeCounts {
  return {
    sourceBytes: 0,
    reused: { documents: 0, sourceBytes: 0 },
    seconds: { read: 0, encode: 0, tokenize: 0 },
  };
}

export interface EncodeContext {
  codec: Codec;
  bases: readonly ByteString[];
  /** Share of the documents that is held out, 0..1. */
  valFraction: number;
  /** Documents already encoded for the tokenizer's sample; each is taken out when used. */
  encoded: Map<number, SampledDocument>;
}

export interface SampledDocument extends Document {
  sourceBytes: number;
}

/** @throws CodecLmError only for what no single input is to blame for */
export async function encodeBatch(
  inputs: readonly PlannedInput[],
  context: EncodeContext,
): Promise<Batch<EncodedDocument>> {
  const batch: Batch<EncodedDocument> = { documents: [], failures: [], ...noCounts() };
  const results = await Promise.all(inputs.map((input) => encodeOne(input, context, batch)));
  for (const [i, result] of results.entries()) {
    const source = labelOf(context.bases, inputs[i].input);
    const { docId } = inputs[i];
    if (result instanceof CodecLmError) {
      batch.failures.push({ input: docId, source, code: result.code, message: result.message });
    } else {
      batch.documents.push({ docId, source, document: result });
    }
  }
  return batch;
}

export function tokenizeBatch(
  { documents, seconds, ...batch }: Batch<EncodedDocument>,
  { bpe, valFraction }: { bpe: ByteBpe; valFraction: number },
): Batch<TokenizedDocument> {
  const start = performance.now();
  const tokenized = documents.map(({ docId, source, document }) => ({
    docId,
    source,
    bytes: document.bytes.length,
    width: document.width,
    height: document.height,
    tokens: bpe.encodeDocument(document.bytes),
    split: splitOf(document.bytes, valFraction),
  }));
  const tokenize = seconds.tokenize + secondsSince(start);
  return { ...batch, documents: tokenized, seconds: { ...seconds, tokenize } };
}

/** @returns the error instead of throwing it when it is this input's own */
export async function encodeOne(
  { docId, input }: PlannedInput,
  { codec, bases, encoded }: Omit<EncodeContext, 'valFraction'>,
  counts: EncodeCounts,
): Promise<Document | CodecLmError> {
  const sampled = encoded.get(docId);
  if (sampled) {
    encoded.delete(docId);
    counts.sourceBytes += sampled.sourceBytes;
    counts.reused.documents++;
    counts.reused.sourceBytes += sampled.sourceBytes;
    return sampled;
  }
  try {
    const { encodeFile } = codec;
    // A sparse member of an archive lies nowhere as a whole.
    if (encodeFile && input.member?.headersAt === undefined) {
      return await encodeInPlace(encodeFile, input, bases, counts);
    }
    const readStart = performance.now();
    const source = await readInput(bases, input, encodeFile ? VIDEO_CODES : IMAGE_CODES);
    counts.sourceBytes += source.length;
    counts.seconds.read += secondsSince(readStart);
    const encodeStart = performance.now();
    try {
      return await codec.encode(source, labelOf(bases, input));
    } finally {
      giveBuffer(source);
      counts.seconds.encode += secondsSince(encodeStart);
    }
  } catch (error) {
    // Any other error stops the run.
    if (error instanceof CodecLmError && error.scope === 'input') return error;
    throw error;
  }
}

/** For a codec that reads the file itself: reading counts as encoding then. */
async function encodeInPlace(
  encodeFile: NonNullable<Codec['encodeFile']>,
  input: Input,
  bases: readonly ByteString[],
  counts: EncodeCounts,
): Promise<Document> {
  const file = await findInput(bases, input, 'VIDEO_UNREADABLE');
  const start = performance.now();
  try {
    return await encodeFile(file, labelOf(bases, input));
  } finally {
    counts.sourceBytes += file.size;
    counts.seconds.encode += secondsSince(start);
  }
}

export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
