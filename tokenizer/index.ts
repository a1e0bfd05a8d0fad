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
export { readTokenizer as openTokenizer } from './bpe/files/huggingface.ts';
export { learnMerges } from './bpe/learn/learn.ts';
export { ByteBpe } from './bpe/tokenizer.ts';
export type { Codec, Document, FileSpan } from './codecs/codec.ts';
