/** JPEG documents in the sampler. */
import type { JpegSettings } from '../../schemas/jpeg.ts';
import { parseDocument } from '../../tokenizer/jpeg/document.ts';
import { createJpegCodec } from '../../tokenizer/jpeg/encode.ts';
import { createJpegGrammar } from '../../tokenizer/jpeg/grammar.ts';
import { cutAfterRestart7, cutAfterShare } from '../../tokenizer/jpeg/prompt.ts';
import { insertTables } from '../../tokenizer/jpeg/view.ts';
import type { SampledMedium } from './codec.ts';

export function jpegSampling(settings: JpegSettings): SampledMedium {
  const codec = createJpegCodec(settings);
  const { width, height, quality } = settings;
  return {
    codec,
    width,
    height,
    grammar: createJpegGrammar({ width, height, quality }),
    cut: (document, cut) =>
      'ratio' in cut
        ? cutAfterShare(parseDocument(document), cut.ratio)
        : cutAfterRestart7(document, cut.marker),
    view: async (document) => codec.view(document),
    // Decoders fill in what is missing of a file by themselves.
    preview: (beginning) => insertTables(beginning, quality),
  };
}
