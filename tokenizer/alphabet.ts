/**
 * Documents as sequences of symbols. A symbol is a byte of a file, a colour of a palette or a code of
 * a codebook: a number from 0 to below the size of its alphabet.
 */
import { endianness } from 'node:os';
import { CodecLmError } from '../base/error.ts';

/** 8 bits per symbol for alphabets of up to 256 symbols, 16 bits for larger ones. */
export type Symbols = Uint8Array | Uint16Array;

/** Size of the alphabet of files: bytes. */
export const BYTES = 256;

/** Largest alphabet: ids are 16-bit, and three of them are `<bos>`, `<eos>` and `<pad>`. */
export const MAX_ALPHABET = 65_536 - 3;

/**
 * Unicode blocks whose characters represent symbols in `tokenizer.json`, in texts of the server and
 * in prompts: symbol s is the character `first + s`. No character is white space, and no
 * normalization form changes one. Braille patterns for up to 256 symbols (as the authors' code has
 * it for bytes), the private use area for up to 6,400, and plane 15 (also for private use) for
 * more.
 */
const BLOCKS = [
  { first: 0x2800, size: 256 },
  { first: 0xe000, size: 6400 },
  { first: 0xf0000, size: MAX_ALPHABET },
] as const;

/** Symbols per call: String.fromCodePoint takes its arguments from the stack. */
const BATCH = 8192;

/** The character of symbol 0, as a code point. */
export function firstCharacter(alphabet: number): number {
  const block = BLOCKS.find(({ size }) => alphabet <= size);
  if (block && alphabet >= 1) return block.first;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `an alphabet has 1 to ${MAX_ALPHABET} symbols, not ${alphabet}`,
  );
}

/** The unit in which documents of an alphabet are counted. */
export function unitOf(alphabet: number): 'byte' | 'symbol' {
  return alphabet === BYTES ? 'byte' : 'symbol';
}

/** @param source symbols, or a number of zeros */
export function toSymbols(source: ArrayLike<number> | number, alphabet: number): Symbols {
  const length = typeof source === 'number' ? source : source.length;
  const symbols = alphabet <= BYTES ? new Uint8Array(length) : new Uint16Array(length);
  if (typeof source !== 'number') symbols.set(source);
  return symbols;
}

export function joinSymbols(a: Symbols, b: Symbols): Symbols {
  const joined =
    a instanceof Uint16Array
      ? new Uint16Array(a.length + b.length)
      : new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

export function textOfSymbols(symbols: Symbols, alphabet: number): string {
  const first = firstCharacter(alphabet);
  let text = '';
  for (let i = 0; i < symbols.length; i += BATCH) {
    const codes = Array.from(symbols.subarray(i, i + BATCH), (symbol) => first + symbol);
    text += String.fromCodePoint(...codes);
  }
  return text;
}

/** @returns the symbols, or the index of the first character that is not a symbol */
export function symbolsOfText(text: string, alphabet: number): Symbols | number {
  const first = firstCharacter(alphabet);
  const symbols: number[] = [];
  for (const character of text) {
    const symbol = character.codePointAt(0)! - first;
    if (symbol < 0 || symbol >= alphabet) return symbols.length;
    symbols.push(symbol);
  }
  return toSymbols(symbols, alphabet);
}

/**
 * Converts symbols to the bytes of a raw file (`.bin`) and of hashes: one byte per symbol, or two,
 * little-endian.
 */
export function bytesOfSymbols(symbols: Symbols): Uint8Array {
  if (symbols instanceof Uint8Array) return symbols;
  const bytes = Buffer.from(symbols.slice().buffer);
  return endianness() === 'LE' ? bytes : bytes.swap16();
}

/**
 * Reads symbols from the bytes of a raw file.
 * @param path path of the file, for messages
 * @throws CodecLmError `TOKEN_INVALID` when a symbol is cut in half at the end, or is not in the
 * alphabet
 */
export function symbolsOfBytes(bytes: Uint8Array, alphabet: number, path: string): Symbols {
  const width = alphabet <= BYTES ? 1 : 2;
  const problem = (what: string) =>
    new CodecLmError(
      'TOKEN_INVALID',
      `${path} holds no symbols of an alphabet of ${alphabet}: ${what}`,
      {
        path,
      },
    );
  if (bytes.length % width !== 0) throw problem(`${bytes.length} bytes, two for each symbol`);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const symbols =
    width === 1
      ? bytes
      : Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.readUInt16LE(2 * i));
  const wrong = symbols.findIndex((symbol) => symbol >= alphabet);
  if (wrong >= 0) throw problem(`symbol ${wrong} is ${symbols[wrong]}`);
  return symbols;
}
