/**
 * Bytes to pieces as sentencepiece's BPE does it: of all adjacent pairs whose concatenation is a piece
 * the one of the highest score is joined, of equals the leftmost, until there is none. Unlike the
 * merges of other BPE, a piece may be joined of any two of its parts.
 */
import { BYTES } from '../alphabet.ts';
import { PairHeap } from './heap.ts';

/** The character `▁` among those of bytes: what stands in front of a document. */
export const PREFIX = BYTES;

const NONE = -1;

export interface ScoredPiece {
  id: number;
  /** Bytes, and `PREFIX`. */
  characters: readonly number[];
  score: number;
}

export class PieceMerger {
  /** By symbol: its id, or NONE. Symbols are the 257 characters, then longer pieces. */
  readonly #ids: number[];
  readonly #scores: number[];
  /** By left * count + right: the piece that both make. */
  readonly #joined = new Map<number, number>();
  readonly #count: number;
  readonly #unknown: number;

  /** @param unknown id of a run of characters that are no pieces */
  constructor(pieces: readonly ScoredPiece[], unknown: number) {
    const symbols = new Map<string, number>();
    for (let i = 0; i <= PREFIX; i++) symbols.set(key([i]), i);
    this.#ids = new Array(PREFIX + 1).fill(NONE);
    this.#scores = new Array(PREFIX + 1).fill(0);
    for (const { id, characters, score } of pieces) {
      const symbol = characters.length === 1 ? characters[0] : symbols.size;
      symbols.set(key(characters), symbol);
      this.#ids[symbol] = id;
      this.#scores[symbol] = score;
    }
    this.#count = symbols.size;
    this.#unknown = unknown;
    for (const { characters } of pieces) {
      const whole = symbols.get(key(characters))!;
      for (let cut = 1; cut < characters.length; cut++) {
        const left = symbols.get(key(characters.slice(0, cut)));
        const right = symbols.get(key(characters.slice(cut)));
        if (left !== undefined && right !== undefined) {
          this.#joined.set(left * this.#count + right, whole);
        }
      }
    }
  }

  /** @param characters bytes, and `PREFIX` */
  encode(characters: ArrayLike<number>): Uint16Array {
    const chain = new Chain(characters);
    const heap = new PairHeap(3 * characters.length);
    const offer = (left: number, right: number): void => {
      if (left < 0 || right < 0) return;
      const piece = this.#pair(chain, left, right);
      if (piece !== undefined) heap.push(this.#scores[piece], left, right, piece);
    };
    for (let i = 1; i < characters.length; i++) offer(i - 1, i);
    for (let top = heap.pop(); top; top = heap.pop()) {
      const { left, right, value } = top;
      // One of the two may have been joined with another one since.
      if (chain.next[left] !== right || this.#pair(chain, left, right) !== value) continue;
      chain.join(left, right, value);
      offer(chain.previous[left], left);
      offer(left, chain.next[left]);
    }
    return this.#idsOf(chain);
  }

  #pair(chain: Chain, left: number, right: number): number | undefined {
    return this.#joined.get(chain.symbols[left] * this.#count + chain.symbols[right]);
  }

  #idsOf(chain: Chain): Uint16Array {
    const ids: number[] = [];
    let wasUnknown = false;
    for (let at = chain.symbols.length > 0 ? 0 : -1; at >= 0; at = chain.next[at]) {
      const id = this.#ids[chain.symbols[at]];
      const isUnknown = id === NONE;
      if (!isUnknown) ids.push(id);
      else if (!wasUnknown) ids.push(this.#unknown);
      wasUnknown = isUnknown;
    }
    return Uint16Array.from(ids);
  }
}

/** The symbols of a text, each knowing its neighbours; a joined one is where its left part was. */
class Chain {
  readonly symbols: Int32Array;
  readonly previous: Int32Array;
  /** -1 behind the last, and for those that were joined to their left. */
  readonly next: Int32Array;

  constructor(characters: ArrayLike<number>) {
    const { length } = characters;
    this.symbols = Int32Array.from(characters);
    this.previous = Int32Array.from({ length }, (_, i) => i - 1);
    this.next = Int32Array.from({ length }, (_, i) => (i + 1 < length ? i + 1 : -1));
  }

  join(left: number, right: number, symbol: number): void {
    this.symbols[left] = symbol;
    const after = this.next[right];
    this.next[left] = after;
    if (after >= 0) this.previous[after] = left;
    this.next[right] = -1;
  }
}

function key(characters: readonly number[]): string {
  return String.fromCharCode(...characters);
}
