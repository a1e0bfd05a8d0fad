/**
 * Lists the places of pairs that may be merged: one array for many pairs, each with a part of it in
 * ascending order. An occurrence that a later merge takes apart stays listed; the cells show that
 * it is gone.
 */

import { cellsOf, SEPARATOR } from '../files/text.ts';
import type { PairMap } from './pairs.ts';

/** Part `from` to `to` of `positions`: the cells at which the left token of the pair begins. */
export interface Occurrences {
  readonly positions: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** Bytes per block; the notes on a block fit into the innermost cache. */
const BLOCK = 4096;

/**
 * Lays out documents as cells, each byte its own token, and lists pairs of bytes.
 * @param ends at index 256 a + b, the position in `positions` where the list of the pair (a, b)
 *   begins, or -1 for a pair that is not listed; afterwards, the position where the list ends
 */
export function layOut(
  documents: readonly Uint8Array[],
  ends: Int32Array,
  positions: Int32Array,
): Uint16Array {
  const cells = new Uint16Array(cellsOf(documents));
  const noted = { places: new Int32Array(BLOCK), pairs: new Uint16Array(BLOCK) };
  let at = 0;
  cells[at++] = SEPARATOR;
  for (const document of documents) {
    if (document.length > 0) cells[at] = document[0];
    for (let begin = 1; begin < document.length; begin += BLOCK) {
      const end = Math.min(document.length, begin + BLOCK);
      const count = layOutBlock(document, begin, end, cells, at, ends, noted);
      for (let k = 0; k < count; k++) positions[ends[noted.pairs[k]]++] = noted.places[k];
    }
    at += document.length;
    cells[at++] = SEPARATOR;
  }
  return cells;
}

function layOutBlock(
  document: Uint8Array,
  begin: number,
  end: number,
  cells: Uint16Array,
  at: number,
  ends: Int32Array,
  { places, pairs }: { places: Int32Array; pairs: Uint16Array },
): number {
  let pair = document[begin - 1];
  let noted = 0;
  for (let i = begin; i < end; i++) {
    const byte = document[i];
    pair = ((pair << 8) & 0xff00) | byte;
    cells[at + i] = byte;
    // Always write, and advance only if the pair is listed: three of four are not, and a
    // processor cannot predict which.
    places[noted] = at + i - 1;
    pairs[noted] = pair;
    noted = (noted + ((ends[pair] >>> 31) ^ 1)) | 0;
  }
  return noted;
}

/**
 * Lists pairs of tokens.
 * @param lengths number of cells of each token, by id
 * @param ends one more than the position in `positions` where the list of a pair begins, 0 for a
 *   pair that is not listed; afterwards, one more than the position where the list ends
 */
export function listPairs(
  cells: Uint16Array,
  lengths: Int32Array,
  ends: PairMap,
  positions: Int32Array,
): void {
  let left = SEPARATOR;
  let start = 0;
  for (let at = 1; at < cells.length; ) {
    const right = cells[at];
    if (right === SEPARATOR) {
      start = at++;
    } else {
      if (left !== SEPARATOR) {
        const end = ends.get(left, right);
        if (end > 0) {
          positions[end - 1] = start;
          ends.add(left, right, 1);
        }
      }
      start = at;
      at += lengths[right];
    }
    left = right;
  }
}
