/**
 * The Hugging Face tokenizer files, as far as a byte-level BPE needs them. Keys that are not named
 * here do not change the ids and may hold anything.
 */
import { z } from 'zod';

/** Ids are 16-bit: 65,536 in all, of which 256 are bytes and 3 are special tokens. */
export const MAX_TOKENIZER_MERGES = 65_277;

const id = z.number().int().min(0).max(0xffff);

const addedToken = z.looseObject({ id, content: z.string().min(1).max(256) });

const model = z.looseObject({
  // Files written before tokenizers 0.11 may lack the type.
  type: z.literal('BPE').nullish(),
  dropout: z.null().or(z.literal(0)).optional(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.literal('').nullish(),
  end_of_word_suffix: z.literal('').nullish(),
  ignore_merges: z.literal(false).nullish(),
  vocab: z.record(z.string(), id),
  merges: z.union([
    z.array(z.string()).max(MAX_TOKENIZER_MERGES),
    z.array(z.tuple([z.string(), z.string()])).max(MAX_TOKENIZER_MERGES),
  ]),
});

/** Schema of `tokenizer.json`. */
export const tokenizerFileSchema = z.looseObject({
  added_tokens: z.array(addedToken).max(10_000).default([]),
  normalizer: z.null().optional(),
  pre_tokenizer: z.null().optional(),
  model,
});

const tokenName = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

/**
 * `tokenizer_config.json` and `special_tokens_map.json`: the tokens that begin, end and pad a
 * document, and those that were added to the tokenizer, by their ids.
 */
export const specialTokensSchema = z.looseObject({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  added_tokens_decoder: z
    .record(z.string().regex(/^\d{1,5}$/), z.looseObject({ content: z.string().min(1).max(256) }))
    .nullish(),
});

/** `added_tokens.json`, which transformers wrote before it put the same into `tokenizer_config.json`. */
export const addedTokensSchema = z.record(z.string().min(1).max(256), id);

export type TokenizerFile = z.output<typeof tokenizerFileSchema>;
export type SpecialTokensFile = z.output<typeof specialTokensSchema>;
