/** A byte-level BPE tokenizer: canonical bytes of a document <-> token ids. */
import { createHash } from 'node:crypto';
import { CodecLmError } from '../../base/error.ts';
import { BYTES } from '../alphabet.ts';
import type { DecodeOptions, Tokenizer, TokenizerContent } from '../tokenizer.ts';
import { TokenTable } from './decode.ts';
import { BpeEncoder } from './encode.ts';
import { type Surround, tokenizerJson } from './files/json.ts';
import type { Merge } from './learn/learn.ts';
import {
  ABSENT,
  denseVocabulary,
  isDense,
  SPECIAL,
  tokensById,
  type Vocabulary,
  vocabularySize,
} from './vocabulary.ts';

/** Largest number of ids: they are 16-bit. */
const MAX_IDS = 1 << 16;

export class ByteBpe implements Tokenizer {
  readonly alphabet = BYTES;
  /**
   * Pairs in the order of learning: 0..255 are bytes, 256 + i is the token of merge i, whatever its
   * id.
   */
  readonly merges: readonly Merge[];
  readonly vocabulary: Vocabulary;
  /**
   * The form in which `tokenizer.json` is written; of the results here only the hash depends on it.
   */
  readonly surround: Surround;
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly opening = undefined;
  #encoder: BpeEncoder | undefined;
  readonly #table: TokenTable;
  readonly #tokens: Int32Array;
  readonly #dense: boolean;
  #fileHash: string | undefined;

  /** @throws CodecLmError `TOKENIZER_INVALID` when a merge names a later token or occurs twice */
  constructor(
    merges: readonly Merge[],
    vocabulary = denseVocabulary(merges.length),
    surround: Surround = 'bos',
  ) {
    checkMerges(merges);
    this.surround = surround;
    this.merges = merges;
    this.vocabulary = vocabulary;
    this.vocabSize = vocabularySize(vocabulary);
    if (this.vocabSize > MAX_IDS) {
      throw new CodecLmError(
        'TOKENIZER_INVALID',
        `the tokenizer has ${this.vocabSize} ids; at most ${MAX_IDS} are possible`,
      );
    }
    this.bosId = vocabulary.bos.id;
    this.eosId = vocabulary.eos.id;
    this.padId = vocabulary.pad.id;
    this.#tokens = tokensById(vocabulary);
    this.#dense = isDense(vocabulary);
    this.#table = new TokenTable(merges);
  }

  /** sha256 of the canonical `tokenizer.json`, in hex: equal hashes give equal ids. */
  get hash(): string {
    this.#fileHash ??= createHash('sha256').update(this.json()).digest('hex');
    return this.#fileHash;
  }

  file(): TokenizerContent {
    return { name: 'tokenizer.json', content: this.json() };
  }

  json(): string {
    return tokenizerJson(this.merges, this.vocabulary, this.surround);
  }

  /**
   * Ids without `<bos>` and `<eos>`.
   * @throws CodecLmError `TOKEN_INVALID` for a byte that a foreign vocabulary lacks
   */
  encode(bytes: Uint8Array): Uint16Array {
    this.#encoder ??= new BpeEncoder(this.merges, this.#table);
    const ids = this.#encoder.encode(bytes);
    return this.#dense ? ids : this.#renumber(ids);
  }

  /** Encodes a document as `<bos>`, its ids, `<eos>`. */
  encodeDocument(bytes: Uint8Array): Uint16Array {
    const ids = this.encode(bytes);
    const document = new Uint16Array(ids.length + 2);
    document[0] = this.bosId;
    document.set(ids, 1);
    document[ids.length + 1] = this.eosId;
    return document;
  }

  /**
   * @throws CodecLmError `TOKEN_INVALID` for an id that stands for no bytes, unless specials are
   * skipped
   */
  decode(ids: ArrayLike<number>, { specials = 'refuse' }: DecodeOptions = {}): Uint8Array {
    const tokens = new Int32Array(ids.length);
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const token = this.#tokens[ids[i]] ?? ABSENT;
      if (token >= 0) tokens[length++] = token;
      else if (token !== SPECIAL || specials === 'refuse') throw this.#noBytes(ids[i], i);
    }
    return this.#table.join(tokens.subarray(0, length));
  }

  /**
   * A copy of the bytes that an id stands for; empty for `<bos>`, `<eos>`, `<pad>` and other
   * special tokens.
   * @throws CodecLmError `TOKEN_INVALID` for an id outside the vocabulary
   */
  tokenSymbols(id: number): Uint8Array {
    const token = this.#tokens[id] ?? ABSENT;
    if (token === SPECIAL) return new Uint8Array(0);
    if (token === ABSENT) throw this.#noBytes(id);
    return this.#table.bytesOf(token).slice();
  }

  #renumber(tokens: Uint16Array): Uint16Array {
    const { ids } = this.vocabulary;
    for (let i = 0; i < tokens.length; i++) {
      const id = ids[tokens[i]];
      if (id === ABSENT) {
        const byte = tokens[i].toString(16).padStart(2, '0');
        throw new CodecLmError('TOKEN_INVALID', `byte ${byte} is not in this tokenizer`);
      }
      tokens[i] = id;
    }
    return tokens;
  }

  #noBytes(id: number, position?: number): CodecLmError {
    const where = position === undefined ? '' : ` at position ${position}`;
    const kind = this.#tokens[id] === SPECIAL ? 'is a special token' : 'is not in the vocabulary';
    return new CodecLmError(
      'TOKEN_INVALID',
      `id ${id}${where} ${kind} (${this.vocabSize} ids): it stands for no bytes`,
    );
  }
}

function checkMerges(merges: readonly Merge[]): void {
  const seen = new Set<number>();
  merges.forEach(([left, right], rank) => {
    for (const id of [left, right]) {
      if (Number.isInteger(id) && id >= 0 && id < 256 + rank) continue;
      throw new CodecLmError(
        'TOKENIZER_INVALID',
        `merge ${rank} names token ${id}: only bytes and earlier merges can be merged`,
      );
    }
    const key = left * MAX_IDS + right;
    if (seen.has(key)) {
      throw new CodecLmError('TOKENIZER_INVALID', `merge ${rank} (${left}, ${right}) occurs twice`);
    }
    seen.add(key);
  });
}
