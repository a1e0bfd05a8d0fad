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
export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from '../base/error.ts';
export {
  BYTES,
  bytesOfSymbols,
  firstCharacter,
  joinSymbols,
  type Symbols,
  symbolsOfText,
  textOfSymbols,
  unitOf,
} from './alphabet.ts';
export { copyTokenizer } from './bpe/files/copy.ts';
export {
  readTokenizer,
  readTokenizer as openTokenizer,
  writeTokenizer,
  writeTokenizer as saveTokenizer,
} from './bpe/files/huggingface.ts';
export type { Surround } from './bpe/files/json.ts';
export type { LearnOptions, Merge } from './bpe/learn/learn.ts';
export { learnMerges } from './bpe/learn/learn.ts';
export { LearningSample } from './bpe/learn/memory.ts';
export type { TieRule } from './bpe/learn/ties.ts';
export { ByteBpe } from './bpe/tokenizer.ts';
export type { SpecialToken, Vocabulary } from './bpe/vocabulary.ts';
export type {
  ClipEncoder,
  Codec,
  CodecDefinition,
  CodecSettings,
  CodecTools,
  Companion,
  Document,
  Encoder,
  FileSpan,
  Measures,
  Media,
  OpenedCodec,
  Part,
  Picture,
  PromptCut,
  Still,
  SurveyedFrame,
  SurveyOptions,
} from './codecs/codec.ts';
export { type CodecSpec, defineCodec, extensionsOf } from './codecs/define.ts';
export type { InputErrorCodes } from './codecs/input-errors.ts';
export { IMAGE_ERRORS, VIDEO_ERRORS } from './codecs/input-errors.ts';
export type { Learner, Learning } from './codecs/learning.ts';
export type { CodecOptions, CodecOptionsByName } from './codecs/options.ts';
export {
  bitsByBlock,
  type HeatOptions,
  type HeatScale,
  heat,
  heatGradient,
  hottestSymbol,
  pngOf,
  type Raster,
} from './codecs/pictures/heat.ts';
export { luminanceOf, type Plane, psnr, ssim } from './codecs/pictures/similarity.ts';
export {
  allCodecs,
  codecNamed,
  DEFAULT_CODECS,
  differenceOfSymbols,
  openRecorded,
  registerCodec,
} from './codecs/registry.ts';
export { mapOfBlocks, type SyntaxMap, SyntaxMapper } from './codecs/syntax-map.ts';
export type {
  CodecTraining,
  TrainingEvent,
  TrainingResult,
  TrainingRun,
} from './codecs/training.ts';
export type { FixedLengthOptions } from './mask/fixed-length.ts';
export { createFixedLengthGrammar } from './mask/fixed-length.ts';
export type { Condition, Grammar, Sight, Unknowns, Walk } from './mask/grammar.ts';
export type { MaskBudget, MaskVocabulary, TokenMask, TokenMaskOptions } from './mask/mask.ts';
export { createTokenMask, isInMask } from './mask/mask.ts';
export type { DocumentState, OpeningVocabulary } from './mask/opening.ts';
export { createDocumentMask } from './mask/opening.ts';
export { plainTokenizer } from './plain.ts';
export type { DecodeOptions, Tokenizer, TokenizerContent } from './tokenizer.ts';
