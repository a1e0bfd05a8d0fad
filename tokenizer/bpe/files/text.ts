/**
 * Documents as one array of token ids that can be merged in place, with no links.
 *
 * A token of n bytes takes n cells; its id stands in the first cell and in the last one.
 * So the next token begins `length(id)` cells on, and the one before ends in the cell
 * before. A cell that stops being the first of a token is marked dead, which makes
 * `cells[i] === id` enough to know that a token `id` begins at a remembered position i.
 */

/** No merge sees across this id; it takes one cell before, between and after documents. */
export const SEPARATOR = 0xfffe;
export const DEAD = 0xffff;

/** Ids are 16-bit: 256 bytes, the merges, three specials. All tokens lie below the two marks. */
export const MAX_MERGES = 65_536 - 259;

/** How many cells the documents take. */
export function cellsOf(documents: readonly Uint8Array[]): number {
  return documents.reduce((sum, document) => sum + document.length, documents.length + 1);
}

/** How often each pair of bytes stands in the documents: that of (a, b) at 256 a + b. */
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
