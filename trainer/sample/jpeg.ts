/** JPEG documents in the sampler. */
import { CodecLmError } from '../../base/error.ts';
import { sharp } from '../../base/sharp.ts';
import { parseDocument } from '../../tokenizer/codecs/jpeg/document.ts';
import { createJpegCodec } from '../../tokenizer/codecs/jpeg/encode.ts';
import { createJpegGrammar } from '../../tokenizer/codecs/jpeg/grammar.ts';
import {
  cutAfterRestart7,
  cutAfterShare,
  filledWithGrey,
} from '../../tokenizer/codecs/jpeg/prompt.ts';
import type { JpegSettings } from '../../tokenizer/codecs/jpeg/settings.ts';
import { insertTables } from '../../tokenizer/codecs/jpeg/view.ts';
import { bitsByBlock, heat, pngOf } from '../score/map.ts';
import type { PromptCut, SampledMedium } from './medium.ts';

export function jpegSampling(settings: JpegSettings): SampledMedium {
  const codec = createJpegCodec(settings);
  const { width, height, quality } = settings;
  return {
    codec,
    width,
    height,
    grammar: createJpegGrammar({ width, height, quality }),
    defaultCut: { ratio: 0.5 },
    cut: cutOf,
    view: async (document) => codec.view(document),
    // Decoders fill in what is missing of a file by themselves.
    preview: (beginning) => insertTables(beginning, quality),
    still: {
      width,
      height,
      mime: 'image/jpeg',
      draw: async (beginning) => insertTables(filledWithGrey(beginning), quality),
    },
    surprise: async (document, byteBits) => {
      const { mcuOffsets } = parseDocument(document);
      const bits = bitsByBlock(byteBits, mcuOffsets, document.length);
      const picture = sharp(insertTables(document, quality)).toColourspace('srgb').removeAlpha();
      const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
      const raster = { width: info.width, height: info.height, pixels: data };
      return pngOf(heat(raster, bits, Math.max(...bits)));
    },
    companions: async () => [],
  };
}

function cutOf(document: Uint8Array, cut: PromptCut): number {
  if ('ratio' in cut) return cutAfterShare(parseDocument(document), cut.ratio);
  if ('marker' in cut) return cutAfterRestart7(document, cut.marker);
  throw new CodecLmError('USAGE', 'an image has no frames: cut it with --prompt-ratio');
}
