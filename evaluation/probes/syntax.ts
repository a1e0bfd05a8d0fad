/** Bits by kind of syntax and by place of the picture, over many documents. */
import { CodecLmError } from '../../base/error.ts';
import type { Codec, Symbols, SyntaxMap } from '../../tokenizer/index.ts';

export interface KindBits {
  readonly kind: string;
  /** Symbols of this kind; a symbol of two kinds counts as a part of each. */
  readonly symbols: number;
  /** All bits that they take under the model. */
  readonly bits: number;
  readonly bitsPerSymbol: number;
}

/** Bits by place of the picture; all frames of a clip are laid over one another. */
export interface PlaceBits {
  readonly columns: number;
  readonly rows: number;
  /** Mean bits of a document (or a clip) at each place, row by row: [rows, columns]. */
  readonly bits: readonly number[];
}

export interface SyntaxResult {
  readonly documents: number;
  readonly bitsPerSymbol: number;
  readonly kinds: readonly KindBits[];
  /** Without it the codec knows no places. */
  readonly places?: PlaceBits;
}

export class SyntaxProbe {
  readonly #codec: Codec;
  #kinds: readonly string[] = [];
  #symbols = new Float64Array(0);
  #bits = new Float64Array(0);
  #places = new Float64Array(0);
  #size = { columns: 0, rows: 0 };
  #documents = 0;
  #totalSymbols = 0;
  #totalBits = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** @param symbolBits [symbols]; `total` has the bits of the end besides */
  add(document: Symbols, symbolBits: Float64Array, total: number): void {
    const map = this.#codec.syntax?.(document) ?? withoutKinds(document.length);
    this.#prepare(map);
    const { kinds, shares, places } = map;
    for (const [symbol, bits] of symbolBits.entries()) {
      for (let kind = 0; kind < kinds.length; kind++) {
        const share = shares[symbol * kinds.length + kind];
        this.#symbols[kind] += share;
        this.#bits[kind] += share * bits;
      }
      if (places[symbol] >= 0) this.#places[places[symbol]] += bits;
    }
    this.#documents++;
    this.#totalSymbols += document.length;
    this.#totalBits += total;
  }

  finish(): SyntaxResult {
    const documents = this.#documents;
    const kinds = this.#kinds.map((kind, i) => {
      const [symbols, bits] = [this.#symbols[i], this.#bits[i]];
      return { kind, symbols, bits, bitsPerSymbol: symbols > 0 ? bits / symbols : 0 };
    });
    const bits = Array.from(this.#places, (sum) => sum / documents);
    return {
      documents,
      bitsPerSymbol: this.#totalBits / this.#totalSymbols,
      kinds,
      places: bits.length > 0 ? { ...this.#size, bits } : undefined,
    };
  }

  #prepare({ kinds, columns, rows }: SyntaxMap): void {
    if (this.#documents === 0) {
      this.#kinds = kinds;
      this.#symbols = new Float64Array(kinds.length);
      this.#bits = new Float64Array(kinds.length);
      this.#places = new Float64Array(columns * rows);
      this.#size = { columns, rows };
      return;
    }
    if (columns === this.#size.columns && rows === this.#size.rows) return;
    throw new CodecLmError('INTERNAL', 'documents of one codec have pictures of two sizes');
  }
}

function withoutKinds(length: number): SyntaxMap {
  return {
    kinds: ['symbol'],
    shares: new Float32Array(length).fill(1),
    places: new Int32Array(length).fill(-1),
    columns: 0,
    rows: 0,
  };
}
