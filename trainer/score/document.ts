/**
 * Measures how well a model predicts a file: the log-likelihood of its document, and the bits of
 * each part.
 */

import { readFile } from 'node:fs/promises';
import { readError } from '../../base/file-error.ts';
import type { Symbols, Tokenizer } from '../../tokenizer/index.ts';
import { checkLogits } from '../sample/draw.ts';
import type { Engine } from '../sample/engine/engine.ts';
import type { CheckpointParts } from '../sample/load.ts';

/** A document as the model reads it. */
export interface ScoredDocument {
  symbols: Symbols;
  /** Ids `<bos> tokens <eos>`. */
  ids: Uint16Array;
}

export interface Score {
  /**
   * Bits of all tokens after `<bos>`, including `<eos>`, per symbol of the document (per byte for
   * most codecs).
   */
  bitsPerSymbol: number;
  /** Number of symbols of the document. */
  symbols: number;
  /** Number of predicted tokens. */
  tokens: number;
  /** Bits of each symbol: those of its token, divided evenly. Shape: [symbols]. */
  symbolBits: Float64Array;
}

/**
 * @throws CodecLmError `INPUT_NOT_FOUND`, or an error code of the codec; the message names the file
 */
export async function readDocument(file: string, parts: CheckpointParts): Promise<ScoredDocument> {
  let source: Uint8Array;
  try {
    source = await readFile(file);
  } catch (error) {
    throw readError(error, file);
  }
  return encodeSource(source, file, parts);
}

/** @param label name of the source, for messages */
export async function encodeSource(
  source: Uint8Array,
  label: string,
  { codec, tokenizer }: CheckpointParts,
): Promise<ScoredDocument> {
  const encoder = await codec.encoder({ mayBeShort: true });
  const { symbols } = await encoder.encode(source, label);
  return { symbols, ids: tokenizer.encodeDocument(symbols) };
}

/**
 * @param engine an engine that can hold a sequence of `ids.length`
 * @throws CodecLmError `NOT_FINITE` when the model's logits are not finite
 */
export async function scoreDocument(
  { symbols, ids }: ScoredDocument,
  tokenizer: Tokenizer,
  engine: Engine,
): Promise<Score> {
  const tokenBits = await bitsOfTokens(ids, engine);
  const symbolBits = bitsOfSymbols(tokenBits, { symbols, ids }, tokenizer);
  const total = tokenBits.reduce((sum, bits) => sum + bits, 0);
  const bitsPerSymbol = total / symbols.length;
  return { bitsPerSymbol, symbols: symbols.length, tokens: tokenBits.length, symbolBits };
}

/**
 * @param ids `<bos> tokens <eos>`
 * @returns bits of each token after the first: [ids.length - 1]
 * @throws CodecLmError `NOT_FINITE`
 */
export async function bitsOfTokens(ids: Uint16Array, engine: Engine): Promise<Float64Array> {
  // The last token is not read: nothing follows it.
  const tokenBits = new Float64Array(ids.length - 1);
  const sequence = engine.open(ids.length)!;
  for (let from = 0; from < tokenBits.length; from += engine.maxRows) {
    const part = ids.subarray(from, Math.min(tokenBits.length, from + engine.maxRows));
    const rows = Array.from(part, (id) => ({ sequence, id, wantsLogits: true }));
    for (const [i, logits] of (await engine.step(rows)).entries()) {
      tokenBits[from + i] = bitsOf(logits, ids[from + i + 1]);
    }
  }
  engine.close(sequence);
  return tokenBits;
}

/** The bits of each token, divided evenly among its symbols: [symbols]. */
export function bitsOfSymbols(
  tokenBits: Float64Array,
  { symbols, ids }: ScoredDocument,
  tokenizer: Tokenizer,
): Float64Array {
  const symbolBits = new Float64Array(symbols.length);
  let offset = 0;
  for (const [i, bits] of tokenBits.entries()) {
    const { length } = tokenizer.tokenSymbols(ids[i + 1]);
    symbolBits.fill(bits / length, offset, offset + length);
    offset += length;
  }
  return symbolBits;
}

/** -log2 softmax(logits)[id] */
function bitsOf(logits: Float32Array, id: number): number {
  checkLogits(logits);
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) highest = Math.max(highest, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - highest);
  return (Math.log(total) + highest - logits[id]) / Math.LN2;
}
