/**
 * Replaces a pair of tokens by its merged token everywhere, and keeps what stood around it.
 *
 * The loops over millions of places are functions of their own that are called for a few
 * thousand at a time: such a function is compiled whole. One that is called seldom and loops
 * long is compiled loop by loop, and thrown out of the compiled code at each loop's end.
 */

import { DEAD, SEPARATOR } from '../files/text.ts';
import type { Occurrences } from './occurrences.ts';
import type { Pair } from './ties.ts';

/** Places at a time. */
const BLOCK = 1024;
/** Scratch memory of more places is given back after use. */
const KEEP_PLACES = 1 << 20;

/** What stood on one side of the places where a pair was replaced. */
export class Side {
  /** The id beside each place, `SEPARATOR` at the end of a document. */
  ids = new Uint16Array(0);
  /** Of each id: how often it stood there; while places are listed, where the next one goes. */
  readonly #numbers = new Int32Array(SEPARATOR + 1);
  /** Which ids stood there, each once. */
  distinct: number[] = [];
  readonly #found = new Uint16Array(SEPARATOR + 1);

  /** How often an id stood there. */
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
   * Lists the places at which some of the ids stood, and forgets how often they did.
   * @param begins where the list of an id begins in `positions`
   * @param lengths cells of each id where the place of a new pair is that of the id, not of the
   *   replaced pair
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
  /** Where the new tokens begin, ascending. */
  starts = new Int32Array(0);
  length = 0;
  readonly #standing = new Int32Array(BLOCK);
  readonly before = new Side();
  readonly after = new Side();

  /**
   * The leftmost places come first. A pair after a place may itself be replaced later: it is
   * then counted again, as the one before.
   * @param lengths cells of each id
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

  /** Called when all is listed that has to be. */
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
 * Picks the places where the pair still stands, without a branch: a wrong guess of the
 * processor would wait for the memory, while reading on fetches many places at once.
 * @returns how many
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

/** @returns how many places there are now */
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
    // Of a run of equal tokens every second place is gone by now.
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

/** Adds to `numbers`, and to `found` what had none. @returns how many are found */
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
