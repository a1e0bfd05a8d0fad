/** A sentencepiece model over bytes in braille, as the one of the released JPEG-LM weights. */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import { BYTES } from '../alphabet.ts';
import { ABSENT, type SpecialToken, type Vocabulary } from '../bpe/vocabulary.ts';
import type { DecodeOptions, Tokenizer, TokenizerContent } from '../tokenizer.ts';
import type { CheckedPieces } from './check.ts';
import { PieceMerger, PREFIX } from './merge.ts';

export const MODEL_FILE = 'tokenizer.model';

/** Facts about a tokenizer besides its pieces. */
export interface SentencePieceOptions {
  /** The file. */
  content: Uint8Array;
  /** Whether a document begins with `▁`, a dummy prefix. */
  addsPrefix: boolean;
  bos: SpecialToken;
  eos: SpecialToken;
  pad: SpecialToken;
  /** Tokens that other files add to the model's. */
  added: readonly SpecialToken[];
}

export class SentencePieceTokenizer implements Tokenizer {
  readonly alphabet = BYTES;
  /** Pieces have scores in place of an order. */
  readonly merges: readonly [] = [];
  readonly vocabulary: Vocabulary;
  readonly surround = 'bos';
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** Pieces that begin with the prefix; where it is no piece itself, the unknown one stands for it. */
  readonly opening: ReadonlySet<number> | undefined;
  readonly #content: Uint8Array;
  readonly #addsPrefix: boolean;
  readonly #merger: PieceMerger;
  /** By id: the bytes of a piece, behind its prefix. */
  readonly #bytes: (Uint8Array | undefined)[] = [];
  /** Specials, and pieces with spaces that no document has. */
  readonly #silent = new Set<number>();
  #hash: string | undefined;

  constructor({ pieces, specials, unknown }: CheckedPieces, options: SentencePieceOptions) {
    const { bos, eos, pad, added, addsPrefix } = options;
    this.#content = options.content;
    this.#addsPrefix = addsPrefix;
    this.#merger = new PieceMerger(pieces, unknown);
    const named = [...[...specials].map(([content, id]) => ({ id, content })), ...added];
    const chosen = new Set([bos.id, eos.id, pad.id]);
    const others = named.filter(({ id }) => !chosen.has(id));
    for (const { id } of named) this.#silent.add(id);
    const ids = new Int32Array(BYTES).fill(ABSENT);
    const opening = new Set<number>();
    let hasPrefix = false;
    for (const { id, characters } of pieces) {
      const isOpening = characters[0] === PREFIX;
      const bytes = isOpening ? characters.slice(1) : characters;
      if (bytes.includes(PREFIX) || (isOpening && !addsPrefix)) {
        this.#silent.add(id);
        continue;
      }
      if (isOpening) opening.add(id);
      else if (bytes.length === 1) ids[bytes[0]] = id;
      hasPrefix ||= isOpening && bytes.length === 0;
      this.#bytes[id] = Uint8Array.from(bytes);
    }
    if (addsPrefix && !hasPrefix) {
      opening.add(unknown);
      this.#bytes[unknown] = new Uint8Array();
    }
    this.opening = addsPrefix ? opening : undefined;
    this.vocabulary = { ids, bos, eos, pad, others };
    [this.bosId, this.eosId, this.padId] = [bos.id, eos.id, pad.id];
    const all = [...pieces, ...named].map(({ id }) => id);
    this.vocabSize = all.reduce((most, id) => Math.max(most, id), 0) + 1;
  }

  /** sha256 of the file: equal hashes give equal ids. */
  get hash(): string {
    this.#hash ??= createHash('sha256').update(this.#content).digest('hex');
    return this.#hash;
  }

  file(): TokenizerContent {
    return { name: MODEL_FILE, content: this.#content };
  }

  /** Never throws: a run of bytes that are no pieces is `<unk>`, as in sentencepiece. */
  encode(bytes: Uint8Array): Uint16Array {
    if (!this.#addsPrefix || bytes.length === 0) return this.#merger.encode(bytes);
    const characters = new Uint16Array(bytes.length + 1);
    characters[0] = PREFIX;
    characters.set(bytes, 1);
    return this.#merger.encode(characters);
  }

  encodeDocument(bytes: Uint8Array): Uint16Array {
    return Uint16Array.of(this.bosId, ...this.encode(bytes), this.eosId);
  }

  /**
   * The prefix vanishes at the beginning of a document; elsewhere it would be a space, which is no
   * byte: refused with the specials, left out with them.
   */
  decode(ids: ArrayLike<number>, { specials = 'refuse' }: DecodeOptions = {}): Uint8Array {
    const parts: Uint8Array[] = [];
    let isBegun = false;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      const isMisplaced = isBegun && this.opening?.has(id) === true;
      const bytes = isMisplaced ? undefined : this.#bytes[id];
      if (bytes) {
        parts.push(bytes);
        isBegun = true;
        continue;
      }
      const isKnown = isMisplaced || this.#silent.has(id);
      if (!isKnown || specials === 'refuse') throw this.#noBytes(ids[i], i);
      if (id === this.bosId) isBegun = false;
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  /** Those at the beginning of a document: the prefix is no byte. */
  tokenSymbols(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes) return bytes.slice();
    if (this.#silent.has(id)) return new Uint8Array();
    throw this.#noBytes(id);
  }

  #noBytes(id: number, position?: number): CodecLmError {
    const where = position === undefined ? '' : ` at position ${position}`;
    let kind = 'is not in the vocabulary';
    if (this.#silent.has(id)) kind = 'is a special token';
    else if (this.#bytes[id]) kind = 'is a space within a document';
    return new CodecLmError(
      'TOKEN_INVALID',
      `id ${id}${where} ${kind} (${this.vocabSize} ids): it stands for no bytes`,
    );
  }
}
