/**
 * Which tokens may stand side by side. Merging is local: a row of tokens is the encoding of its
 * bytes exactly if every two neighbours are that of theirs (Berglund and van der Merwe 2023,
 * arXiv 2309.08715). And two neighbours are, unless a merge gets across the border between
 * them while they are being put together, which the tokens at the border tell.
 */
import type { Merge } from '../learn/learn.ts';
import { PairMap } from '../learn/pairs.ts';

const NONE = 0;
const NEVER = Number.POSITIVE_INFINITY;

export class Adjacency {
  /** Whether the bytes of each token are encoded as it. If not, it occurs in no encoding. */
  readonly standsAlone: readonly boolean[];
  readonly #merged: PairMap;
  /** Of each token: what ends (begins) at its end (beginning), from a byte up to itself. */
  readonly #endings: number[][] = [];
  readonly #beginnings: number[][] = [];

  /** @param merges each names only bytes and earlier merges, and no pair twice */
  constructor(merges: readonly Merge[]) {
    this.#merged = new PairMap(256 + merges.length);
    for (let byte = 0; byte < 256; byte++) {
      this.#endings.push([byte]);
      this.#beginnings.push([byte]);
    }
    merges.forEach(([left, right], rank) => {
      const id = 256 + rank;
      this.#merged.add(left, right, id);
      this.#endings.push([...this.#endings[right], id]);
      this.#beginnings.push([...this.#beginnings[left], id]);
    });
    const alone = new Array<boolean>(256).fill(true);
    merges.forEach(([left, right], rank) => {
      alone.push(alone[left] && alone[right] && this.#crossing(left, right) === 256 + rank);
    });
    this.standsAlone = alone;
  }

  /** Whether two tokens, each of which stands alone, are the encoding of their bytes. */
  adjacent(left: number, right: number): boolean {
    return this.#crossing(left, right) === NONE;
  }

  /**
   * The token of the first merge across the border. Merges happen in the order of their ids, and
   * those of one id from left to right: at equal ids the left token's own goes before one across
   * the border, and that before the right token's.
   */
  #crossing(left: number, right: number): number {
    const endings = this.#endings[left];
    const beginnings = this.#beginnings[right];
    for (let i = 0, j = 0; ; ) {
      const id = this.#merged.get(endings[i], beginnings[j]);
      const nextLeft = i + 1 < endings.length ? endings[i + 1] : NEVER;
      const nextRight = j + 1 < beginnings.length ? beginnings[j + 1] : NEVER;
      if (id !== NONE && id < nextLeft && id <= nextRight) return id;
      if (nextLeft === NEVER && nextRight === NEVER) return NONE;
      if (nextLeft <= nextRight) i++;
      else j++;
    }
  }
}
