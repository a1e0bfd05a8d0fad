/** The toy codec with its settings. sharp is loaded when a file is read or a picture is drawn. */
import {
  type CodecDefinition,
  CodecLmError,
  createFixedLengthGrammar,
  type Encoder,
  heat,
  type OpenedCodec,
  type PromptCut,
  pngOf,
  type Symbols,
} from 'codec-lm/tokenizer';
import { bmpOf, pixelsOf, symbolOf } from './pixels.ts';
import { alphabetOf, checkPixels, type ToySettings } from './settings.ts';

export function openToy(definition: CodecDefinition, settings: ToySettings): OpenedCodec {
  const { side, bits } = settings;
  const alphabet = alphabetOf(settings);
  const check = (document: Symbols) => checkPixels(document, settings);
  const raster = (document: Symbols) => ({
    width: side,
    height: side,
    pixels: pixelsOf(document, bits),
  });
  return {
    definition,
    width: side,
    height: side,
    alphabet,
    encoder: () => encoderOf(settings),
    check,
    async view(document) {
      check(document);
      return bmpOf(pixelsOf(document, bits), side);
    },
    parts(document) {
      check(document);
      return Array.from(document, (_, i) => ({ name: nameOf(i, side), end: i + 1 }));
    },
    grammar: () =>
      createFixedLengthGrammar({
        codec: definition.title,
        invalidCode: definition.invalidCode,
        alphabet,
        length: side * side,
        describe: (place) => nameOf(place, side),
      }),
    defaultCut: { ratio: 0.5 },
    cutOfShare: (ratio) => ({ ratio }),
    cut: (document, cut) => cutOf(document, cut),
    still: {
      width: side,
      height: side,
      mime: 'image/png',
      isStrip: false,
      async draw(beginning) {
        // The missing part is black.
        const whole = new Uint16Array(side * side);
        whole.set(beginning);
        return pngOf(raster(whole));
      },
    },
    async surprise(document, symbolBits) {
      const hottest = Math.max(...symbolBits);
      return pngOf(heat(raster(document), symbolBits, { hottest, block: 1 }));
    },
    companions: async () => [],
  };
}

function nameOf(place: number, side: number): string {
  return `row ${Math.floor(place / side)}, column ${place % side}`;
}

function cutOf(document: Symbols, cut: PromptCut): number {
  if ('ratio' in cut) return Math.floor(cut.ratio * document.length);
  throw new CodecLmError('USAGE', 'a picture of pixels is cut with `cut.ratio`');
}

async function encoderOf(settings: ToySettings): Promise<Encoder> {
  const { side, bits } = settings;
  const { default: sharp } = await import('sharp');
  return {
    settings,
    versions: { sharp: sharp.versions.sharp ?? 'unknown', recipe: '1' },
    async encode(source, label) {
      const picture = sharp(source).removeAlpha().toColourspace('srgb');
      const pixels = await picture
        .resize(side, side, { fit: 'cover' })
        .raw()
        .toBuffer()
        .catch((error: Error) => {
          const details = { cause: error, path: label };
          throw new CodecLmError('IMAGE_CORRUPT', `${label}: ${error.message}`, details);
        });
      const symbols = new Uint16Array(side * side);
      for (let i = 0; i < symbols.length; i++) {
        symbols[i] = symbolOf(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], bits);
      }
      const ofAlphabet = alphabetOf(settings) <= 256 ? Uint8Array.from(symbols) : symbols;
      return { symbols: ofAlphabet, width: side, height: side };
    },
  };
}
