/** What the symbols of a document say: how much of each belongs to which kind of syntax, and to which place. */

/**
 * A byte may hold the end of one syntax element and the beginning of the next, so that a symbol is
 * shared out by its bits.
 */
export interface SyntaxMap {
  /** Names of the kinds, as `header`, `DC`, `AC`. */
  readonly kinds: readonly string[];
  /** Share of each symbol that belongs to each kind: [symbols, kinds], each row adds up to 1. */
  readonly shares: Float32Array;
  /**
   * The block of the picture (an MCU, a macroblock, a pixel) that each symbol is about, counted row by
   * row; -1 for none: [symbols]. All frames of a clip have the same places.
   */
  readonly places: Int32Array;
  /** Blocks across and down. */
  readonly columns: number;
  readonly rows: number;
}

const BITS_OF_BYTE = 8;

/** Fills a {@link SyntaxMap} bit by bit or symbol by symbol. */
export class SyntaxMapper<Kind extends string> {
  readonly #kinds: readonly Kind[];
  readonly #shares: Float32Array;
  readonly #places: Int32Array;

  constructor(kinds: readonly Kind[], symbols: number) {
    this.#kinds = kinds;
    this.#shares = new Float32Array(symbols * kinds.length);
    this.#places = new Int32Array(symbols).fill(-1);
  }

  /** Symbols from..end belong to one kind as a whole. */
  whole(kind: Kind, from: number, end: number): void {
    for (let i = from; i < end; i++) this.#add(kind, i, 1);
  }

  /** One bit of a byte. */
  bit(kind: Kind, byte: number): void {
    this.#add(kind, byte, 1 / BITS_OF_BYTE);
  }

  /** Symbols from..end are about that block. */
  place(block: number, from: number, end: number): void {
    this.#places.fill(block, from, end);
  }

  finish(columns: number, rows: number): SyntaxMap {
    const [kinds, shares, places] = [this.#kinds, this.#shares, this.#places];
    return { kinds, shares, places, columns, rows };
  }

  #add(kind: Kind, symbol: number, share: number): void {
    this.#shares[symbol * this.#kinds.length + this.#kinds.indexOf(kind)] += share;
  }
}

/** The map of a document whose symbols are the blocks of a picture, row by row. */
export function mapOfBlocks(kind: string, columns: number, rows: number): SyntaxMap {
  const length = columns * rows;
  const mapper = new SyntaxMapper([kind], length);
  mapper.whole(kind, 0, length);
  for (let i = 0; i < length; i++) mapper.place(i, i, i + 1);
  return mapper.finish(columns, rows);
}
