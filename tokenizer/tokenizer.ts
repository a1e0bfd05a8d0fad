/** The interface of all tokenizers, with learned merges or with a plain alphabet. */
import type { Symbols } from './alphabet.ts';
import type { Surround } from './bpe/files/json.ts';
import type { Merge } from './bpe/learn/learn.ts';
import type { Vocabulary } from './bpe/vocabulary.ts';

export interface DecodeOptions {
  /** Whether special tokens (`<bos>`, `<eos>`, `<pad>` …) are an error or are left out. */
  specials?: 'refuse' | 'skip';
}

/** The file that a tokenizer is kept in. */
export interface TokenizerContent {
  name: 'tokenizer.json' | 'tokenizer.model';
  content: string | Uint8Array;
}

/** Converts between symbols of a document and token ids. Ids are 16-bit. */
export interface Tokenizer {
  /** Number of symbols; 256 for bytes. */
  readonly alphabet: number;
  /** Merges in order of learning; none for a plain alphabet. */
  readonly merges: readonly Merge[];
  readonly vocabulary: Vocabulary;
  /**
   * Special tokens that other tools put around a text when they tokenize it with this
   * `tokenizer.json`.
   */
  readonly surround: Surround;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /**
   * Ids that stand for their symbols at the beginning of a document alone, and for nothing elsewhere;
   * undefined where there are none. One of them without symbols may stand in front of a document.
   */
  readonly opening: ReadonlySet<number> | undefined;
  /** sha256 of the canonical file, in hex: equal hashes give equal ids. */
  readonly hash: string;
  /** The canonical file. */
  file(): TokenizerContent;
  /**
   * Ids without `<bos>` and `<eos>`.
   * @throws CodecLmError `TOKEN_INVALID` for a symbol that is not in the vocabulary
   */
  encode(symbols: Symbols): Uint16Array;
  /** Encodes a document as `<bos>`, its ids, `<eos>`. */
  encodeDocument(symbols: Symbols): Uint16Array;
  /**
   * @throws CodecLmError `TOKEN_INVALID` for an id that stands for no symbols, unless specials are
   * skipped
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): Symbols;
  /**
   * A copy of the symbols that an id stands for; empty for `<bos>`, `<eos>`, `<pad>` and other
   * special tokens.
   * @throws CodecLmError `TOKEN_INVALID` for an id outside the vocabulary
   */
  tokenSymbols(id: number): Symbols;
}
