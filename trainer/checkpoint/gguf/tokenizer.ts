/**
 * A tokenizer as llama.cpp reads it. Its model `gemma4` is a BPE over the characters of a text by
 * ranks of merges, without a pre-tokenizer that splits anything but lines: what `tokenizer.json`
 * says of ours. Documents go in as text, a character a symbol (braille for bytes), and come out
 * the same way. The other models do not fit: `gpt2` splits texts and spells them in bytes, `llama`
 * joins any two tokens whose spelling is a third's, whether or not that merge was learned.
 */
import { CodecLmError } from '../../../base/error.ts';
import { type Symbols, type Tokenizer, textOfSymbols } from '../../../tokenizer/index.ts';
import type { GgufValue } from './values.ts';

/** llama.cpp's types of tokens. */
const TOKEN_TYPES = { normal: 1, control: 3, unused: 5 } as const;

interface Token {
  text: string;
  type: number;
}

/**
 * @param vocabSize rows of the model's embedding; those beyond the tokenizer become unused tokens
 * @throws CodecLmError `TOKENIZER_INVALID` for two ids of one spelling, which llama.cpp cannot load
 */
export function tokenizerMetadata(tokenizer: Tokenizer, vocabSize: number): Map<string, GgufValue> {
  const tokens = tokensOf(tokenizer, vocabSize);
  const { bosId, eosId, padId } = tokenizer;
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'gemma4' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens.map(({ text }) => text) }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: tokens.map(({ type }) => type) }],
    ['tokenizer.ggml.merges', { type: 'strings', value: mergesOf(tokenizer) }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: bosId }],
    ['tokenizer.ggml.eos_token_id', { type: 'u32', value: eosId }],
    ['tokenizer.ggml.padding_token_id', { type: 'u32', value: padId }],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: true }],
    ['tokenizer.ggml.add_eos_token', { type: 'bool', value: false }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: false }],
  ]);
}

function tokensOf(tokenizer: Tokenizer, vocabSize: number): Token[] {
  const { ids, bos, eos, pad, others } = tokenizer.vocabulary;
  const tokens = Array.from({ length: vocabSize }, (_, id): Token => {
    return { text: `[UNUSED_${id}]`, type: TOKEN_TYPES.unused };
  });
  // A byte without an id is `ABSENT`, below 0.
  for (const id of ids) {
    if (id >= 0) tokens[id] = { text: textOf(tokenizer, id), type: TOKEN_TYPES.normal };
  }
  for (const { id, content } of [...others, pad, eos, bos]) {
    tokens[id] = { text: content, type: TOKEN_TYPES.control };
  }
  const seen = new Map<string, number>();
  for (const [id, { text }] of tokens.entries()) {
    const other = seen.get(text);
    if (other === undefined) seen.set(text, id);
    else {
      throw new CodecLmError(
        'TOKENIZER_INVALID',
        `the tokens ${other} and ${id} are both spelled ${text}: llama.cpp tells tokens by their spelling`,
      );
    }
  }
  return tokens;
}

/** `"a b"` of each merge, in the order of learning. */
function mergesOf(tokenizer: Tokenizer): string[] {
  const { ids } = tokenizer.vocabulary;
  const spell = (token: number) =>
    ids[token] >= 0
      ? textOf(tokenizer, ids[token])
      : textOfSymbols(Uint8Array.of(token) as Symbols, tokenizer.alphabet);
  return tokenizer.merges.map(([left, right]) => `${spell(left)} ${spell(right)}`);
}

function textOf(tokenizer: Tokenizer, id: number): string {
  return textOfSymbols(tokenizer.tokenSymbols(id), tokenizer.alphabet);
}
