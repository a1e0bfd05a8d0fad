/**
 * A codec of one's own: a small picture as its pixels, one symbol for each. A pixel's colour has a few
 * bits of red, green and blue: 8 colours with one bit each, 64 with two, 512 with three. Files that
 * open are BMP. The guide is docs/adding-a-codec.md.
 */
import { defineCodec, extensionsOf, IMAGE_ERRORS } from 'codec-lm/tokenizer';
import { toySettings } from './settings.ts';

export const toy = defineCodec({
  name: 'toy',
  title: 'Toy',
  media: 'images',
  noun: 'image',
  documentNoun: 'picture',
  extensions: extensionsOf('png jpg jpeg webp gif'),
  file: { extension: '.bmp', mime: 'image/bmp' },
  settings: toySettings,
  // Neither can be told from the symbols alone.
  viewSettings: ['side', 'bits'],
  options: toySettings,
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
