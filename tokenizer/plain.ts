/**
 * An alphabet that is its own vocabulary: symbol s has id s; `<bos>`, `<eos>` and `<pad>` follow.
 */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../base/error.ts';
import { BYTES, type Symbols, textOfSymbols, toSymbols } from './alphabet.ts';
import { tokenizerJson } from './bpe/files/json.ts';
import { ByteBpe } from './bpe/tokenizer.ts';
import { denseVocabulary, type Vocabulary } from './bpe/vocabulary.ts';
import type { DecodeOptions, Tokenizer, TokenizerContent } from './tokenizer.ts';

/** The tokenizer of an alphabet without merges. */
export function plainTokenizer(alphabet: number): Tokenizer {
  return alphabet === BYTES ? new ByteBpe([]) : new PlainTokenizer(alphabet);
}

class PlainTokenizer implements Tokenizer {
  readonly alphabet: number;
  readonly merges: readonly [] = [];
  readonly vocabulary: Vocabulary;
  readonly surround = 'bos';
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly opening = undefined;
  #hash: string | undefined;

  /** @param alphabet number of symbols, 1..65,533 */
  constructor(alphabet: number) {
    this.alphabet = alphabet;
    this.vocabulary = denseVocabulary(0, alphabet);
    this.bosId = this.vocabulary.bos.id;
    this.eosId = this.vocabulary.eos.id;
    this.padId = this.vocabulary.pad.id;
    this.vocabSize = alphabet + 3;
  }

  get hash(): string {
    this.#hash ??= createHash('sha256').update(this.json()).digest('hex');
    return this.#hash;
  }

  file(): TokenizerContent {
    return { name: 'tokenizer.json', content: this.json() };
  }

  json(): string {
    const { alphabet } = this;
    return tokenizerJson([], this.vocabulary, this.surround, (symbol) =>
      textOfSymbols(Uint16Array.of(symbol), alphabet),
    );
  }

  encode(symbols: Symbols): Uint16Array {
    const wrong = symbols.findIndex((symbol) => symbol >= this.alphabet);
    if (wrong < 0) return Uint16Array.from(symbols);
    throw new CodecLmError(
      'TOKEN_INVALID',
      `symbol ${wrong} of the document is ${symbols[wrong]}, the alphabet has ${this.alphabet}`,
    );
  }

  encodeDocument(symbols: Symbols): Uint16Array {
    const ids = this.encode(symbols);
    const document = new Uint16Array(ids.length + 2);
    document[0] = this.bosId;
    document.set(ids, 1);
    document[ids.length + 1] = this.eosId;
    return document;
  }

  decode(ids: ArrayLike<number>, { specials = 'refuse' }: DecodeOptions = {}): Symbols {
    const symbols = toSymbols(ids.length, this.alphabet);
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] < this.alphabet) symbols[length++] = ids[i];
      else if (ids[i] >= this.vocabSize || specials === 'refuse') throw this.#noSymbol(ids[i], i);
    }
    return symbols.slice(0, length);
  }

  tokenSymbols(id: number): Symbols {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw this.#noSymbol(id);
    return toSymbols(id < this.alphabet ? [id] : [], this.alphabet);
  }

  #noSymbol(id: number, position?: number): CodecLmError {
    const where = position === undefined ? '' : ` at position ${position}`;
    const kind = id < this.vocabSize ? 'is a special token' : 'is not in the vocabulary';
    return new CodecLmError(
      'TOKEN_INVALID',
      `id ${id}${where} ${kind} (${this.vocabSize} ids): it stands for no symbol`,
    );
  }
}
