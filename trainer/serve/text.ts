/**
 * Converts symbols to text, with the characters of `tokenizer.json`: bytes are the braille patterns
 * U+2800 + b, as in the authors' code.
 */
import {
  BYTES,
  firstCharacter,
  type Symbols,
  symbolsOfText,
  type Tokenizer,
  textOfSymbols,
} from '../../tokenizer/index.ts';
import { HttpError } from './errors.ts';

export function textOf(symbols: Symbols, alphabet = BYTES): string {
  return textOfSymbols(symbols, alphabet);
}

/** @throws HttpError 400 for a character that is not a symbol */
export function symbolsOf(text: string): Uint8Array;
export function symbolsOf(text: string, alphabet: number): Symbols;
export function symbolsOf(text: string, alphabet = BYTES): Symbols {
  const symbols = symbolsOfText(text, alphabet);
  if (typeof symbols !== 'number') return symbols;
  const named = (code: number) => `U+${code.toString(16).toUpperCase()}`;
  const first = firstCharacter(alphabet);
  const range = `${named(first)} to ${named(first + alphabet - 1)}`;
  const what =
    alphabet === BYTES ? 'is no braille character: bytes' : 'stands for no symbol: those';
  throw new HttpError(
    400,
    `character ${symbols} of a prompt or stop text ${what} are written as ${range}`,
  );
}

/**
 * Special tokens such as `<bos>`, `<eos>` and `<pad>`: their names in this tokenizer, with their
 * ids.
 */
export function specialNames({ vocabulary }: Tokenizer): Map<string, number> {
  const { bos, eos, pad, others } = vocabulary;
  return new Map([...others, pad, eos, bos].map(({ content, id }) => [content, id]));
}

/**
 * Converts a text to ids. Names of special tokens become their ids, as in Hugging Face's
 * tokenizers; a text that does not begin with `<bos>` gets one.
 * @throws HttpError 400 for text that is neither such a name nor characters of symbols
 */
export function idsOf(text: string, tokenizer: Tokenizer): number[] {
  const names = specialNames(tokenizer);
  const escaped = [...names.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  // The longest first: a name may begin with another one.
  const name = new RegExp(`(${escaped.sort((a, b) => b.length - a.length).join('|')})`);
  const ids: number[] = [];
  for (const part of text.split(name)) {
    const special = names.get(part);
    if (special !== undefined) ids.push(special);
    else if (part !== '')
      for (const id of tokenizer.encode(symbolsOf(part, tokenizer.alphabet))) ids.push(id);
  }
  return ids[0] === tokenizer.bosId ? ids : [tokenizer.bosId, ...ids];
}
