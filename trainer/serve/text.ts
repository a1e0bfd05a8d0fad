/** Bytes as text: byte b is the character U+2800 + b, as in the tokenizer.json and the authors' code. */
import type { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { HttpError } from './errors.ts';

const BRAILLE = 0x2800;

export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(BRAILLE + byte);
  return text;
}

/** @throws HttpError 400 for a character that stands for no byte */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) - BRAILLE;
    if (byte < 0 || byte > 255) {
      throw new HttpError(
        400,
        `character ${i} of a prompt or stop text is no braille character: bytes are written as U+2800 to U+28FF`,
      );
    }
    bytes[i] = byte;
  }
  return bytes;
}

/** `<bos>`, `<eos>`, `<pad>` and the like, as this tokenizer writes them, with their ids. */
export function specialNames({ vocabulary }: ByteBpe): Map<string, number> {
  const { bos, eos, pad, others } = vocabulary;
  return new Map([...others, pad, eos, bos].map(({ content, id }) => [content, id]));
}

/**
 * A text as the model reads it. Names of special tokens stand for those, as in Hugging Face's
 * tokenizers; a text that does not begin with `<bos>` gets one.
 * @throws HttpError 400 for what is neither a name nor braille
 */
export function idsOf(text: string, tokenizer: ByteBpe): number[] {
  const names = specialNames(tokenizer);
  const escaped = [...names.keys()].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  // The longest first: a name may begin with another one.
  const name = new RegExp(`(${escaped.sort((a, b) => b.length - a.length).join('|')})`);
  const ids: number[] = [];
  for (const part of text.split(name)) {
    const special = names.get(part);
    if (special !== undefined) ids.push(special);
    else if (part !== '') for (const id of tokenizer.encode(bytesOf(part))) ids.push(id);
  }
  return ids[0] === tokenizer.bosId ? ids : [tokenizer.bosId, ...ids];
}
