/**
 * Where the pairs stand that may come to be merged: one array for many pairs, each with
 * a part of it, ascending. An occurrence that a later merge takes apart stays listed; the
 * cells tell.
 */

import { cellsOf, SEPARATOR } from '../files/text.ts';
import type { PairMap } from './pairs.ts';

/** Part `from` to `to` of `positions`: the cells where the left tokens of a pair begin. */
export interface Occurrences {
  readonly positions: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** Bytes at a time, so that what is noted of them stays in the cache next to the processor. */
const BLOCK = 4096;

/**
 * Lays out documents as cells, each byte its own token, and lists pairs of bytes.
 * @param ends where the list of the pair (a, b) begins in `positions`, at 256 a + b, or -1 for
 *   a pair that is not listed; where the list ends afterwards
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
    // Written in any case, and kept only where the pair is listed: three of four are not,
    // and no processor guesses which.
    places[noted] = at + i - 1;
    pairs[noted] = pair;
    noted = (noted + ((ends[pair] >>> 31) ^ 1)) | 0;
  }
  return noted;
}

/**
 * Lists pairs of tokens.
 * @param lengths cells of each token by id
 * @param ends one more than where the list of a pair begins in `positions`, 0 for a pair that is
 *   not listed; one more than where the list ends afterwards
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
