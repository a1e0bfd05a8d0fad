/**
 * Packing: documents are concatenated and cut into sequences of exactly `seqLen` tokens.
 *
 * A document may begin anywhere in a sequence and continue over any number of them. Nothing is
 * dropped and nothing is padded here: the remainder at the end of a partition is its tail.
 */
import type { SequenceRow } from '../../shards/index.ts';

/** Place of a document's first token; the sequence is counted from the packer's first one. */
export interface PackedPlace {
  row: number;
  offset: number;
}

/** The last sequence, which is not full. */
export interface Rest {
  /** Ids, [fewer than seqLen]. */
  ids: Uint16Array;
  docIds: number[];
  docStarts: number[];
}

export class Packer {
  readonly #seqLen: number;
  #ids: Uint16Array;
  #filled = 0;
  #docIds: number[] = [];
  #docStarts: number[] = [];
  /** Number of sequences returned so far. */
  #rows = 0;

  constructor(seqLen: number) {
    this.#seqLen = seqLen;
    this.#ids = new Uint16Array(seqLen);
  }

  /** Place where the next document will begin. */
  get place(): PackedPlace {
    return { row: this.#rows, offset: this.#filled };
  }

  /**
   * Appends a document, or a piece of one.
   * @param tokens any number of token ids
   * @returns the sequences that it filled
   */
  append(docId: number, tokens: Uint16Array): SequenceRow[] {
    const full: SequenceRow[] = [];
    for (let done = 0; done < tokens.length; ) {
      this.#docIds.push(docId);
      this.#docStarts.push(this.#filled);
      const length = Math.min(tokens.length - done, this.#seqLen - this.#filled);
      this.#ids.set(tokens.subarray(done, done + length), this.#filled);
      this.#filled += length;
      done += length;
      if (this.#filled === this.#seqLen) full.push(this.#cut());
    }
    return full;
  }

  /** The remaining tokens; do not use the packer afterwards. */
  rest(): Rest {
    const docIds = this.#docIds;
    const docStarts = this.#docStarts;
    return { ids: this.#ids.slice(0, this.#filled), docIds, docStarts };
  }

  /** The last sequence of the dataset, filled up with padding; undefined when no tokens remain. */
  padded(padId: number): SequenceRow | undefined {
    if (this.#filled === 0) return undefined;
    this.#ids.fill(padId, this.#filled);
    return this.#cut();
  }

  #cut(): SequenceRow {
    const row: SequenceRow = {
      ids: this.#ids,
      docIds: Int32Array.from(this.#docIds),
      docStarts: Int32Array.from(this.#docStarts),
    };
    this.#ids = new Uint16Array(this.#seqLen);
    this.#filled = 0;
    this.#docIds = [];
    this.#docStarts = [];
    this.#rows++;
    return row;
  }
}
