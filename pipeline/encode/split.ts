/**
 * Decides which documents are held out, from the bytes of a document alone: it stays in its split
 * when the corpus grows, moves or is renamed, and a copy under another name is never in the other
 * split. Clips of a video share the split of their video, which the content of its file decides.
 */

import { createHash } from 'node:crypto';
import type { Split } from '../../schemas/dataset.ts';
import { bytesOfSymbols, type Symbols } from '../../tokenizer/index.ts';

const HASH_BYTES = 6;

/**
 * @param symbols the document; hashed as two bytes per symbol, little-endian, if the alphabet has
 * more than 256
 * @param valFraction share of documents to hold out, 0..1; a document that is held out at one
 *   fraction is also held out at any larger one
 */
export function splitOf(symbols: Symbols, valFraction: number): Split {
  if (valFraction === 0) return 'train';
  const digest = createHash('sha256').update(bytesOfSymbols(symbols)).digest();
  const place = digest.readUIntBE(0, HASH_BYTES) / 2 ** (8 * HASH_BYTES);
  return place < valFraction ? 'val' : 'train';
}

/** The split of a document; the clips of a video have it in common. */
export function splitOfDocument(
  { symbols, splitKey }: { symbols: Symbols; splitKey?: Uint8Array },
  valFraction: number,
): Split {
  return splitOf(splitKey ?? symbols, valFraction);
}
