/**
 * Replaces a pair of tokens by its merged token everywhere, and records the neighbours of each
 * place.
 *
 * The loops over millions of places are functions of their own that are called for a few thousand
 * at a time: V8 compiles such a function as a whole. A function that is called rarely and loops for
 * long is compiled loop by loop, and leaves the compiled code at the end of each loop.
 */

import { DEAD, SEPARATOR } from '../files/text.ts';
import type { Occurrences } from './occurrences.ts';
import type { Pair } from './ties.ts';

/** Places per call. */
const BLOCK = 1024;
/** Most places whose scratch memory is kept; the memory of more places is freed after use. */
const KEEP_PLACES = 1 << 20;

/** The neighbours on one side of the places where a pair was replaced. */
export class Side {
  /** Id of the neighbour at each place; `SEPARATOR` at the end of a document. */
  ids = new Uint16Array(0);
  /**
   * Count of each id among the neighbours; while places are listed, the position of its next place.
   */
  readonly #numbers = new Int32Array(SEPARATOR + 1);
  /** The different ids among the neighbours. */
  distinct: number[] = [];
  readonly #found = new Uint16Array(SEPARATOR + 1);

  /** Number of places with this id as the neighbour. */
  timesOf(id: number): number {
    return this.#numbers[id];
  }

  count(length: number): void {
    const numbers = this.#numbers;
    const found = this.#found;
    let distinct = 0;
    for (let k = 0; k < length; k += BLOCK) {
      distinct = countIds(this.ids, k, Math.min(length, k + BLOCK), numbers, found, distinct);
    }
    numbers[SEPARATOR] = 0;
    this.distinct = Array.from(found.subarray(0, distinct)).filter((id) => id !== SEPARATOR);
  }

  /**
   * Lists the places that have certain ids as neighbours, and clears the counts of these ids.
   * @param begins position in `positions` where the list of each id begins
   * @param lengths number of cells of each id, given when a new pair begins at the neighbour
   *   instead of at the replaced pair
   */
  list(
    begins: ReadonlyMap<number, number>,
    starts: Int32Array,
    length: number,
    positions: Int32Array,
    lengths?: Int32Array,
  ): void {
    const numbers = this.#numbers;
    if (begins.size > 0) {
      numbers[SEPARATOR] = -1;
      for (const id of this.distinct) numbers[id] = begins.get(id) ?? -1;
      for (let k = 0; k < length; k += BLOCK) {
        listPlaces(this.ids, starts, k, Math.min(length, k + BLOCK), numbers, lengths, positions);
      }
      numbers[SEPARATOR] = 0;
    }
    for (const id of this.distinct) numbers[id] = 0;
  }
}

export class Replacement {
  /** Cells at which the new tokens begin, ascending. */
  starts = new Int32Array(0);
  length = 0;
  readonly #standing = new Int32Array(BLOCK);
  readonly before = new Side();
  readonly after = new Side();

  /**
   * Replaces from left to right. The pair after a place may itself be replaced later; it is then
   * counted again, as the pair before.
   * @param lengths number of cells of each token, by id
   */
  replaceAll(
    cells: Uint16Array,
    { left, right, positions, from, to }: Pair & Occurrences,
    id: number,
    lengths: Int32Array,
  ): void {
    if (to - from > this.starts.length) this.#reserve(to - from);
    const { starts, before, after } = this;
    const leftLength = lengths[left];
    const pairLength = lengths[id];
    let length = 0;
    for (let k = from; k < to; k += BLOCK) {
      const end = Math.min(to, k + BLOCK);
      const kept = keepStanding(cells, positions, k, end, left, right, leftLength, this.#standing);
      length = replaceSome(
        ...([cells, this.#standing, kept, left, right, id, leftLength, pairLength] as const),
        ...([starts, before.ids, after.ids, length] as const),
      );
    }
    this.length = length;
    before.count(length);
    after.count(length);
  }

  /** Call it when all places have been listed; frees large scratch memory. */
  release(): void {
    if (this.starts.length > KEEP_PLACES) this.#reserve(0);
  }

  #reserve(places: number): void {
    this.starts = new Int32Array(places);
    this.before.ids = new Uint16Array(places);
    this.after.ids = new Uint16Array(places);
  }
}

/**
 * Picks the places where the pair still stands, without a branch. A branch misprediction would wait
 * for the memory; without a branch, the processor fetches many places at once.
 * @returns the number of these places
 */
function keepStanding(
  cells: Uint16Array,
  positions: Int32Array,
  from: number,
  to: number,
  left: number,
  right: number,
  leftLength: number,
  standing: Int32Array,
): number {
  let kept = 0;
  for (let k = from; k < to; k++) {
    const start = positions[k];
    standing[kept] = start;
    const differs = (cells[start] ^ left) | (cells[start + leftLength] ^ right);
    kept = (kept + 1 - ((differs + 0xffff) >>> 16)) | 0;
  }
  return kept;
}

/** @returns the number of replaced places so far */
function replaceSome(
  cells: Uint16Array,
  standing: Int32Array,
  kept: number,
  left: number,
  right: number,
  id: number,
  leftLength: number,
  pairLength: number,
  starts: Int32Array,
  before: Uint16Array,
  after: Uint16Array,
  length: number,
): number {
  for (let k = 0; k < kept; k++) {
    const start = standing[k];
    const middle = (start + leftLength) | 0;
    // In a run of equal tokens, every second place is gone by now.
    if (cells[start] !== left || cells[middle] !== right) continue;
    const end = (start + pairLength) | 0;
    cells[middle] = DEAD;
    cells[start] = id;
    cells[end - 1] = id;
    starts[length] = start;
    before[length] = cells[start - 1];
    after[length] = cells[end];
    length = (length + 1) | 0;
  }
  return length;
}

/**
 * Counts ids in `numbers`, and appends to `found` those that had no count. @returns the length of
 * `found`
 */
function countIds(
  ids: Uint16Array,
  from: number,
  to: number,
  numbers: Int32Array,
  found: Uint16Array,
  distinct: number,
): number {
  for (let k = from; k < to; k++) {
    const id = ids[k];
    if (numbers[id]++ === 0) {
      found[distinct] = id;
      distinct = (distinct + 1) | 0;
    }
  }
  return distinct;
}

function listPlaces(
  ids: Uint16Array,
  starts: Int32Array,
  from: number,
  to: number,
  ends: Int32Array,
  lengths: Int32Array | undefined,
  positions: Int32Array,
): void {
  for (let k = from; k < to; k++) {
    const id = ids[k];
    const end = ends[id];
    if (end < 0) continue;
    positions[end] = lengths ? starts[k] - lengths[id] : starts[k];
    ends[id] = end + 1;
  }
}
