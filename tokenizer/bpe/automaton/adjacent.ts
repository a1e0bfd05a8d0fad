/**
 * Decides which tokens may stand side by side. Merging is local: a row of tokens is the encoding of
 * its bytes exactly if every two neighbours are the encoding of their bytes (Berglund and van der
 * Merwe 2023, arXiv 2309.08715). Two neighbours are, unless a merge crosses the border between them
 * while they are being built. The tokens that end and begin at the border show whether one does.
 */
import type { Merge } from '../learn/learn.ts';
import { PairMap } from '../learn/pairs.ts';

const NONE = 0;
const NEVER = Number.POSITIVE_INFINITY;

export class Adjacency {
  /**
   * For each token, whether its bytes are encoded as this token. A token for which that is false
   * occurs in no encoding.
   */
  readonly standsAlone: readonly boolean[];
  readonly #merged: PairMap;
  /**
   * For each token, the tokens that end at its end (begin at its beginning) while it is built, from
   * a single byte up to the token itself.
   */
  readonly #endings: number[][] = [];
  readonly #beginnings: number[][] = [];

  /** @param merges each merge names only bytes and earlier merges; no pair occurs twice */
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

  /** Whether two tokens, each of which stands alone, together are the encoding of their bytes. */
  adjacent(left: number, right: number): boolean {
    return this.#crossing(left, right) === NONE;
  }

  /**
   * The token of the first merge across the border. Merges happen in the order of their ids, and
   * merges with the same id from left to right: at equal ids, the merges inside the left token go
   * first, then the one across the border, then those inside the right token.
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
