/** A JPEG codec with its settings. sharp is loaded only to encode, or to draw over pixels. */
import { CodecLmError } from '../../../base/error.ts';
import type { CodecDefinition, OpenedCodec, PromptCut } from '../codec.ts';
import { parseDocument } from './document.ts';
import { createJpegGrammar } from './grammar.ts';
import { partsOfJpeg, syntaxOfJpeg } from './parts.ts';
import { cutAfterRestart7, cutAfterShare, filledWithGrey } from './prompt.ts';
import type { JpegSettings } from './settings.ts';
import { insertTables, toJpegFile } from './view.ts';

export function openJpeg(definition: CodecDefinition, settings: JpegSettings): OpenedCodec {
  const { width, height, quality } = settings;
  return {
    definition,
    width,
    height,
    alphabet: 256,
    async encoder() {
      const { createJpegCodec } = await import('./encode.ts');
      return createJpegCodec(settings);
    },
    view: async (document: Uint8Array) => toJpegFile(document, quality),
    check: (document: Uint8Array) => void parseDocument(document),
    parts: partsOfJpeg,
    syntax: syntaxOfJpeg,
    grammar: () => createJpegGrammar({ width, height, quality }),
    defaultCut: { ratio: 0.5 },
    cutOfShare: (ratio) => ({ ratio }),
    cut: cutOf,
    // Decoders fill in the missing part of a file by themselves.
    preview: (beginning) => insertTables(beginning, quality),
    still: {
      width,
      height,
      mime: 'image/jpeg',
      isStrip: false,
      draw: async (beginning: Uint8Array) => insertTables(filledWithGrey(beginning), quality),
    },
    surprise: async (document: Uint8Array, byteBits) => {
      const { surpriseOfJpeg } = await import('./surprise.ts');
      return surpriseOfJpeg(document, byteBits, quality);
    },
    heatScale: async (document: Uint8Array, byteBits) => {
      const { bitsByMcu } = await import('./surprise.ts');
      return { hottest: Math.max(...bitsByMcu(document, byteBits)), part: 'MCU' };
    },
    companions: async () => [],
  };
}

function cutOf(document: Uint8Array, cut: PromptCut): number {
  if ('ratio' in cut) return cutAfterShare(parseDocument(document), cut.ratio);
  if ('marker' in cut) return cutAfterRestart7(document, cut.marker);
  throw new CodecLmError('USAGE', 'an image has no frames: cut it with `cut.ratio`');
}
