/**
 * Maps tokens to ids. Vocabularies of this project are dense: bytes, merges in order, `<bos>`,
 * `<eos>`, `<pad>`. A tokenizer made elsewhere may place its tokens at any ids.
 */
import { CodecLmError } from '../../base/error.ts';
import { BYTES } from '../alphabet.ts';

export interface SpecialToken {
  readonly id: number;
  /** The token as written in text, e.g. `<bos>`. */
  readonly content: string;
}

export interface Vocabulary {
  /** Id of each byte (or other symbol), then of each merge; `ABSENT` for a byte without an id. */
  readonly ids: Int32Array;
  readonly bos: SpecialToken;
  readonly eos: SpecialToken;
  readonly pad: SpecialToken;
  /** Other ids that do not stand for bytes, e.g. `<unk>`. */
  readonly others: readonly SpecialToken[];
}

export const ABSENT = -1;

/**
 * The vocabulary of tokenizers made here: symbols, merges in order, `<bos>`, `<eos>`, `<pad>`. With
 * bytes it has 256 + merges + 3 ids. @param alphabet number of symbols, 256 for bytes
 */
export function denseVocabulary(merges: number, alphabet = BYTES): Vocabulary {
  const first = alphabet + merges;
  return {
    ids: Int32Array.from({ length: first }, (_, id) => id),
    bos: { id: first, content: '<bos>' },
    eos: { id: first + 1, content: '<eos>' },
    pad: { id: first + 2, content: '<pad>' },
    others: [],
  };
}

/**
 * True when the id of each token equals its place in the order of learning, so that no table is
 * needed.
 */
export function isDense(vocabulary: Vocabulary): boolean {
  return vocabulary.ids.every((id, index) => id === index);
}

/** One more than the largest id: the number of rows of an embedding. */
export function vocabularySize(vocabulary: Vocabulary): number {
  const { ids, bos, eos, pad, others } = vocabulary;
  let largest = Math.max(bos.id, eos.id, pad.id);
  for (const id of ids) largest = Math.max(largest, id);
  for (const other of others) largest = Math.max(largest, other.id);
  return largest + 1;
}

export const SPECIAL = -2;

/**
 * Maps each id to its token's place in the order of learning; `SPECIAL` or `ABSENT` if it has none.
 * Shape: [vocabulary size].
 * @throws CodecLmError `TOKENIZER_INVALID` when two tokens have the same id
 */
export function tokensById(vocabulary: Vocabulary): Int32Array {
  const tokens = new Int32Array(vocabularySize(vocabulary)).fill(ABSENT);
  vocabulary.ids.forEach((id, token) => {
    if (id === ABSENT) return;
    if (tokens[id] !== ABSENT) throw sharedId(id);
    tokens[id] = token;
  });
  const { bos, eos, pad, others } = vocabulary;
  for (const special of [bos, eos, pad, ...others]) {
    if (tokens[special.id] >= 0) throw sharedId(special.id);
    tokens[special.id] = SPECIAL;
  }
  return tokens;
}

function sharedId(id: number): CodecLmError {
  return new CodecLmError('TOKENIZER_INVALID', `two tokens of the vocabulary have the id ${id}`);
}
