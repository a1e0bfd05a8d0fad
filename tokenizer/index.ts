/**
 * Codecs, byte-level BPE and grammar masks.
 *
 * @example
 * import { openTokenizer } from 'codec-lm/tokenizer';
 * const tokenizer = await openTokenizer('DS');
 * const ids = tokenizer.encodeDocument(bytes); // <bos> … <eos>
 *
 * @module
 */
export { CodecLmError, type ErrorCode, type ErrorDetails } from '../base/error.ts';
export type { Symbols } from './alphabet.ts';
export { readTokenizer as openTokenizer } from './bpe/files/huggingface.ts';
export { learnMerges } from './bpe/learn/learn.ts';
export { ByteBpe } from './bpe/tokenizer.ts';
export type {
  Codec,
  CodecDefinition,
  CodecSettings,
  CodecTools,
  Companion,
  Document,
  Encoder,
  FileSpan,
  Media,
  Part,
  Picture,
  PromptCut,
  Still,
} from './codecs/codec.ts';
export { type CodecSpec, defineCodec, extensionsOf } from './codecs/define.ts';
export { IMAGE_ERRORS, VIDEO_ERRORS } from './codecs/input-errors.ts';
export { allCodecs, codecNamed, codecsFor, registerCodec } from './codecs/registry.ts';
export { createFixedLengthGrammar } from './mask/fixed-length.ts';
export type { Grammar } from './mask/grammar.ts';
export { PlainTokenizer, plainTokenizer } from './plain.ts';
export type { DecodeOptions, Tokenizer } from './tokenizer.ts';
