/**
 * A codec of one's own: a small picture as its pixels, one symbol for each. A pixel's colour has a few
 * bits of red, green and blue: 8 colours with one bit each, 64 with two, 512 with three. Files that
 * open are BMP. The guide is docs/adding-a-codec.md.
 */
import {
  CodecLmError,
  defineCodec,
  extensionsOf,
  IMAGE_ERRORS,
  type Symbols,
} from 'codec-lm/tokenizer';
import { z } from 'zod';

/** What decides the symbols of a document. */
const settings = z.strictObject({
  side: z.int().min(1).max(64).default(8).describe('Width and height of the picture in pixels'),
  bits: z.int().min(1).max(3).default(3).describe('Bits of red, of green and of blue'),
});

export type ToySettings = z.output<typeof settings>;

export const toy = defineCodec({
  name: 'toy',
  title: 'Toy',
  media: 'images',
  noun: 'image',
  documentNoun: 'picture',
  extensions: extensionsOf('png jpg jpeg webp gif'),
  file: { extension: '.bmp', mime: 'image/bmp' },
  settings,
  // Neither can be told from the symbols alone.
  viewSettings: ['side', 'bits'],
  options: settings,
  fromOptions: (options) => ({ settings: options }),
  // No merges: the ids of tokens are the symbols.
  defaults: { seqLen: 256 },
  work: 'threads',
  ...IMAGE_ERRORS,
  invalidCode: 'DOCUMENT_INVALID',
  async open(definition, chosen) {
    const { openToy } = await import('./open.ts');
    return openToy(definition, chosen);
  },
});

export function alphabetOf({ bits }: ToySettings): number {
  return 2 ** (3 * bits);
}

/** @throws CodecLmError `DOCUMENT_INVALID` for what is no document of these settings */
export function checkPixels(symbols: Symbols, chosen: ToySettings): void {
  const { side } = chosen;
  const wrong = symbols.findIndex((symbol) => symbol >= alphabetOf(chosen));
  if (symbols.length === side * side && wrong < 0) return;
  const found = wrong < 0 ? `${symbols.length} pixels` : `pixel ${wrong} is ${symbols[wrong]}`;
  throw new CodecLmError('DOCUMENT_INVALID', `no picture of ${side}x${side} pixels: ${found}`);
}
