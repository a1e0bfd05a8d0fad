/** The settings of the toy codec, and the form of its documents. */
import { CodecLmError, type Symbols } from 'codec-lm/tokenizer';
import { z } from 'zod';

/** Settings that decide the symbols of a document. */
export const toySettings = z.strictObject({
  side: z.int().min(1).max(64).default(8).describe('Width and height of the picture in pixels'),
  bits: z.int().min(1).max(3).default(3).describe('Bits of red, of green and of blue'),
});

export type ToySettings = z.output<typeof toySettings>;

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
