/** What a tokenizer is to everybody else, whether it has learned merges or is the plain alphabet. */
import type { Symbols } from './alphabet.ts';
import type { Surround } from './bpe/files/json.ts';
import type { Merge } from './bpe/learn/learn.ts';
import type { Vocabulary } from './bpe/vocabulary.ts';

export interface DecodeOptions {
  /** What to do with `<bos>`, `<eos>`, `<pad>` and the like: refused unless they are to be left out. */
  specials?: 'refuse' | 'skip';
}

/** Symbols of a document <-> token ids. Ids are 16-bit. */
export interface Tokenizer {
  /** How many symbols documents are made of: 256 for bytes. */
  readonly alphabet: number;
  /** In order of learning; none for a plain alphabet. */
  readonly merges: readonly Merge[];
  readonly vocabulary: Vocabulary;
  /** What other tools put around a text that they tokenize with its `tokenizer.json`. */
  readonly surround: Surround;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** sha256 of the canonical `tokenizer.json`, in hex: equal hashes give equal ids. */
  readonly hash: string;
  /** The canonical text of `tokenizer.json`. */
  json(): string;
  /**
   * Ids without `<bos>` and `<eos>`.
   * @throws CodecLmError `TOKEN_INVALID` for a symbol that is not in the vocabulary
   */
  encode(symbols: Symbols): Uint16Array;
  /** `<bos>` ids `<eos>`. */
  encodeDocument(symbols: Symbols): Uint16Array;
  /** @throws CodecLmError `TOKEN_INVALID` for an id of no symbols, unless specials are skipped */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): Symbols;
  /**
   * The symbols one id stands for; a copy. Empty for `<bos>`, `<eos>`, `<pad>` and other specials.
   * @throws CodecLmError `TOKEN_INVALID` for an id outside the vocabulary
   */
  tokenSymbols(id: number): Symbols;
}
