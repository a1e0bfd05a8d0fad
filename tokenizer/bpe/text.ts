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

/** Each byte its own token, a separator around each document. Shape: [bytes + documents + 1]. */
export function joinDocuments(documents: readonly Uint8Array[]): Uint16Array {
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  const cells = new Uint16Array(bytes + documents.length + 1);
  let at = 0;
  cells[at++] = SEPARATOR;
  for (const document of documents) {
    cells.set(document, at);
    at += document.length;
    cells[at++] = SEPARATOR;
  }
  return cells;
}

/** Where each byte value stands, ascending: the positions of value b are `lists[b]`. */
export function positionsByByte(cells: Uint16Array): Int32Array[] {
  const totals = new Int32Array(256);
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] < 256) totals[cells[i]]++;
  }
  const lists = Array.from(totals, (total) => new Int32Array(total));
  const filled = new Int32Array(256);
  for (let i = 0; i < cells.length; i++) {
    const byte = cells[i];
    if (byte < 256) lists[byte][filled[byte]++] = i;
  }
  return lists;
}
