/**
 * Documents as one array of token ids that can be merged in place, without links.
 *
 * A token of n bytes takes n cells; its first and its last cell hold its id. So the next token
 * begins `length(id)` cells further on, and the previous token ends in the cell before. A cell that
 * stops being the first cell of a token is marked dead, so `cells[i] === id` is enough to know that
 * a token `id` begins at a remembered position i.
 */

/** Separates documents: one cell before, between and after them. No merge crosses it. */
export const SEPARATOR = 0xfffe;
export const DEAD = 0xffff;

/**
 * Ids are 16-bit: 256 bytes, the merges and three special tokens. All tokens lie below the two
 * marks.
 */
export const MAX_MERGES = 65_536 - 259;

/** Number of cells that the documents take. */
export function cellsOf(documents: readonly Uint8Array[]): number {
  return documents.reduce((sum, document) => sum + document.length, documents.length + 1);
}

/** Counts each pair of bytes in the documents; the count of (a, b) is at index 256 a + b. */
export function countBytePairs(documents: readonly Uint8Array[]): Int32Array {
  const counts = new Int32Array(1 << 16);
  for (const document of documents) {
    let pair = document[0];
    for (let i = 1; i < document.length; i++) {
      pair = ((pair << 8) & 0xff00) | document[i];
      counts[pair]++;
    }
  }
  return counts;
}
