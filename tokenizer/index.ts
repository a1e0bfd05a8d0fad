/**
 * Codecs, tokenizers and grammar masks.
 *
 * @example
 * import { codecNamed, openTokenizer } from 'codec-lm/tokenizer';
 * const codec = await codecNamed('jpeg').open({ width: 256, height: 256 });
 * const encoder = await codec.encoder();
 * const { symbols } = await encoder.encode(await readFile('photo.png'), 'photo.png');
 * const tokenizer = await openTokenizer('DS');
 * const ids = tokenizer.encodeDocument(symbols); // <bos> … <eos>
 *
 * @module
 */
import type { Tokenizer } from './tokenizer.ts';

export { CodecLmError, type ErrorCode, type ErrorDetails } from '../base/error.ts';
export type { Symbols } from './alphabet.ts';
export type { LearnOptions, Merge } from './bpe/learn/learn.ts';
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
export type { CodecOptions, CodecOptionsByName } from './codecs/options.ts';
export { bitsByBlock, type HeatOptions, heat, pngOf, type Raster } from './codecs/pictures/heat.ts';
export { allCodecs, codecNamed, codecsFor, registerCodec } from './codecs/registry.ts';
export { createFixedLengthGrammar } from './mask/fixed-length.ts';
export type { Grammar } from './mask/grammar.ts';
export { createTokenMask } from './mask/mask.ts';
export { plainTokenizer } from './plain.ts';
export type { DecodeOptions, Tokenizer } from './tokenizer.ts';

/**
 * Opens a tokenizer of ours, of a plain alphabet or with merges, or any Hugging Face BPE over bytes in
 * braille characters.
 * @param dirOrFile a folder that holds `tokenizer.json`, or that file
 * @throws CodecLmError `INPUT_NOT_FOUND`; `TOKENIZER_INVALID` that names the file and what is wrong
 */
export async function openTokenizer(dirOrFile: string): Promise<Tokenizer> {
  return (await import('./bpe/files/huggingface.ts')).readTokenizer(dirOrFile);
}

/**
 * Writes `tokenizer.json` and the two files that go with it, as Hugging Face's libraries read them.
 * @param dir made when it is not there
 * @throws CodecLmError `OUTPUT_UNWRITABLE`, `DISK_FULL` or `IO_FAILED`
 */
export async function saveTokenizer(dir: string, tokenizer: Tokenizer): Promise<void> {
  return (await import('./bpe/files/huggingface.ts')).writeTokenizer(dir, tokenizer);
}
